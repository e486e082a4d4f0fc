import test from 'ava'
import * as lora from 'loralib'
import { wave } from '../support/close.js'

const input = (shape: number[], step = 0.7) =>
  lora.tensor(Float64Array.from(wave(shape.reduce((n, d) => n * d, 1), step)), { shape, requiresGrad: true }) // prettier-ignore

class Exp extends lora.Function {
  static factor = 1
  static override forward(ctx: lora.FunctionContext, x: lora.Tensor) {
    const y = x.exp()
    ctx.saveForBackward(y)
    return y
  }
  static override backward(ctx: lora.FunctionContext, grad: lora.Tensor): lora.Gradients {
    return grad.mul(ctx.savedTensors[0]!).mul(Exp.factor)
  }
}

test.serial('gradcheck: right gradients of ops and of a Function, several inputs and outputs', async (t) => {
  const weight = input([3, 2], 1.3)
  const fn = (x: lora.Tensor, w: lora.Tensor) => [x.matmul(w).softmax(1), Exp.apply(x).sum(), x.detach()]
  t.true(await lora.gradcheck(fn, [input([2, 3]), weight]))
  t.true(await lora.gradcheck((x, ids) => x.mul(ids.to('f64')), [input([2]), lora.tensor([1n, 2n])]))
})

test.serial('gradcheck: a wrong backward is named with its element, or gives false', async (t) => {
  Exp.factor = 1.01
  const fn = (x: lora.Tensor, y: lora.Tensor) => [x.mul(2), y.add(Exp.apply(x))]
  const error = await t.throwsAsync(lora.gradcheck(fn, [input([2]), input([2])]), { instanceOf: lora.GradError })
  t.regex(error.message, /central difference[^]*element 1 of output 1 with respect to element 1 of input 0/)
  t.false(await lora.gradcheck(fn, [input([2]), input([2])], { raiseException: false }))
  t.true(await lora.gradcheck(fn, [input([2]), input([2])], { rtol: 0.1 }))
  Exp.factor = 1
})

test.serial('gradcheck: a backward that differs from time to time, and a NaN', async (t) => {
  class Drifts extends lora.Function {
    static calls = 0
    static override forward(_: lora.FunctionContext, x: lora.Tensor) {
      return x.mul(1)
    }
    static override backward(_: lora.FunctionContext, grad: lora.Tensor): lora.Gradients {
      return grad.mul(1 + 1e-9 * Drifts.calls++)
    }
  }
  await t.throwsAsync(
    lora.gradcheck((x) => Drifts.apply(x), [input([1])]),
    { message: /second time/ },
  )
  const zero = lora.zeros([1], { dtype: 'f64', requiresGrad: true })
  t.false(await lora.gradcheck((x) => x.sqrt(), [zero], { raiseException: false }))
})

test.serial('gradcheck: what it cannot check', async (t) => {
  const x = input([2])
  const single = lora.ones([1], { requiresGrad: true })
  await t.throwsAsync(
    lora.gradcheck((y) => y, [single]),
    { code: 'ERR_LORA_OPTION', message: /f32/ },
  )
  await t.throwsAsync(
    lora.gradcheck((y) => y, [lora.ones([1])]),
    { code: 'ERR_LORA_OPTION', message: /no input/ },
  )
  await t.throwsAsync(
    lora.gradcheck((y) => y.detach(), [x]),
    { code: 'ERR_LORA_GRAD', message: /no output/ },
  )
  await t.throwsAsync(
    lora.gradcheck((y) => y.to('f32'), [x]),
    { code: 'ERR_LORA_OPTION', message: /f32/ },
  )
  await t.throwsAsync(lora.gradcheck((async (y: lora.Tensor) => y) as never, [x]), { code: 'ERR_LORA_ASYNC' })
  await t.throwsAsync(
    lora.gradcheck((y) => y, [x], { eps: 0 }),
    { code: 'ERR_LORA_OPTION', message: /eps/ },
  )
})
