// The page in Chromium, from an empty window to an exported adapter, with everything behind it but Electron.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { HOW_TO_GET, findChromium, openPage } from './browser.mjs'
import { hasEnded, isReady, openApp, sampleText } from './world.mjs'

const LONG_MS = 120_000

export async function prove(check, { short, out }) {
  const chromium = findChromium()
  if (chromium === null) return HOW_TO_GET
  const views = []
  const app = await openApp({ onChange: (channel, change) => void views.map((view) => view.send(channel, change)) })
  try {
    for (const colorScheme of ['light', 'dark']) views.push(await openPage(chromium, app, { colorScheme }))
    const shot = async (name) => {
      for (const [i, { page }] of views.entries())
        await page.screenshot({ path: join(out, `${name}-${['light', 'dark'][i]}.png`), fullPage: true })
    }
    const world = { check, app, page: views[0].page, dark: views[1].page, shot, short }
    await empty(world)
    await dropping(world)
    await training(world)
    await writing(world)
    await exporting(world)
    await crashing(world)
    await narrow(world, out)
    const faults = views.flatMap((view) => view.faults)
    check(`no error in the console of either page${faults.map((fault) => `; ${fault}`).join('')}`, faults.length === 0)
    await closedIn(world)
  } finally {
    for (const view of views) await view.close()
    app.close()
  }
  console.log(`        screenshots: ${out}`)
  return null
}

const textOf = (page, id) => page.locator(`#${id}`).textContent()

async function empty({ check, app, page, shot }) {
  await app.until(isReady)
  await page.getByText('Built-in model').waitFor()
  check(
    'an empty window: nothing can be trained or written yet',
    (await page.locator('#train').isDisabled()) && (await page.locator('#write').isDisabled()),
  )
  await shot('1-empty')
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll('button, input, textarea, progress')]
      .filter((each) => !(each.labels?.length || each.textContent.trim() || each.getAttribute('aria-label')))
      .map(({ id }) => id),
  )
  check(`every control has a name${nameless.join(', ')}`, nameless.length === 0)
}

async function dropping({ check, page, shot }) {
  await page.getByLabel('Or paste it').fill('Dear Ann, thank you for your letter.')
  await page.getByRole('button', { name: 'Use this text' }).click()
  await page.getByRole('alert').waitFor()
  check(
    `a text that is too short: ${await page.getByRole('alert').textContent()}`,
    /too short/.test(await page.getByRole('alert').textContent()),
  )
  await shot('2-problem')
  await drop(page, 'cat.txt', [0x89, 0x50, 0x4e, 0x47, 0, 0])
  await page.getByText('is not plain text').waitFor()
  check(
    'a picture that is called .txt is refused by the page itself',
    true === (await page.getByText('cat.txt is not plain text').isVisible()),
  )
  await drop(page, 'restaurants.txt', [...new TextEncoder().encode(sampleText())])
  await page.locator('#text-given').waitFor()
  check(
    `dropped: ${await textOf(page, 'text-name')}, ${await textOf(page, 'text-facts')}`,
    (await textOf(page, 'text-name')) === 'restaurants.txt',
  )
  check(
    'the problem is gone, and the prompt begins as the text does',
    (await page.getByRole('alert').count()) === 0 && (await page.locator('#prompt').inputValue()).length > 3,
  )
}

/** A file dropped somewhere in the window, as from another program. */
async function drop(page, name, bytes) {
  await page.evaluate(
    ([fileName, content]) => {
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(new File([new Uint8Array(content)], fileName))
      document
        .querySelector('#write-card')
        .dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }))
    },
    [name, bytes],
  )
}

async function training({ check, app, page, shot, short }) {
  await page.getByText(short ? '15 s' : '1 min').click()
  await page.getByRole('button', { name: 'Train' }).click()
  await page.getByRole('button', { name: 'Stop' }).waitFor()
  await page.waitForFunction((least) => Number(document.getElementById('steps').textContent) >= least, short ? 5 : 40, {
    timeout: LONG_MS,
  })
  const points = () =>
    page.evaluate(() => document.querySelector('#curve .each').getAttribute('points').split(' ').length)
  const before = await points()
  check(
    `the curve has ${before} points, time left is ${await textOf(page, 'left')}`,
    before > 3 && /\d+ s/.test(await textOf(page, 'left')),
  )
  await shot('3-training')
  await page.reload()
  await page.waitForFunction(
    (least) => document.querySelector('#curve .each')?.getAttribute('points').split(' ').length >= least,
    before,
  )
  check(
    `reloaded in the middle: the curve has ${await points()} points, and the training goes on`,
    (await points()) >= before && (await app.state()).run.state === 'training',
  )
  await app.until(hasEnded)
  await page.getByText('Done.').waitFor()
  check(`done: ${await textOf(page, 'run-note')}`, (await textOf(page, 'run-note')).includes('less surprising'))
  check('and a screen reader is told', (await textOf(page, 'status')) === 'Training is done')
}

async function writing({ check, page, shot }) {
  await page.locator('#prompt').fill('In the morning')
  await page.locator('#prompt').press('Enter')
  const lengths = new Set()
  const stop = page.locator('#quiet')
  await stop.waitFor()
  while (await stop.isVisible()) {
    lengths.add(((await textOf(page, 'text-base')) + (await textOf(page, 'text-adapted'))).length)
    await page.waitForTimeout(20)
  }
  check(`both sides are written as they come: seen ${lengths.size} lengths`, lengths.size > 3)
  const [base, adapted] = [await textOf(page, 'text-base'), await textOf(page, 'text-adapted')]
  console.log(`        base     ${base.replace(/\s+/g, ' ')}\n        adapted  ${adapted.replace(/\s+/g, ' ')}`)
  check(
    'they begin with the prompt, and differ',
    [base, adapted].every((text) => text.startsWith('In the morning') && text.length > 40) && base !== adapted,
  )
  await shot('4-written')
}

async function exporting({ check, app, page, shot }) {
  app.answers.file = join(app.userData, 'my-words.safetensors')
  await page.getByRole('button', { name: 'Export the adapter' }).click()
  await page.getByText('Exported:').waitFor()
  check(`${await textOf(page, 'export-note')}`, statSync(app.answers.file).size > 1e6)
  await shot('5-exported')
}

async function crashing({ check, app, page, shot }) {
  await page.getByRole('button', { name: 'Train again' }).click()
  await app.until(({ run }) => run.step > 1)
  app.seen.children.at(-1).kill('SIGKILL')
  await page.getByRole('alert').waitFor()
  const told = await page.getByRole('alert').textContent()
  await app.until(isReady)
  await page.waitForFunction(() => !document.getElementById('train').disabled)
  check(`the trainer is killed: ${told}`, /crashed/.test(told))
  check('the page can train again', await page.getByRole('button', { name: 'Train again' }).isEnabled())
  await shot('6-crashed')
}

async function narrow({ check, page, dark }, out) {
  for (const [each, name] of [
    [page, 'light'],
    [dark, 'dark'],
  ]) {
    await each.setViewportSize({ width: 400, height: 900 })
    await each.screenshot({ path: join(out, `7-narrow-${name}.png`), fullPage: true })
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  check('in a narrow window nothing is cut off', wide === 0, `${wide} pixels`)
}

/** What the page cannot do. Last, since each attempt is an error in the console. */
async function closedIn({ check, page }) {
  const seen = await page.evaluate(async () => {
    const attempt = (work) => {
      try {
        work()
        return 'possible'
      } catch {
        return 'refused'
      }
    }
    const script = document.createElement('script')
    script.textContent = 'window.wasInline = true'
    document.body.append(script)
    return {
      node: typeof require === 'undefined' && typeof process === 'undefined',
      // In a task of the page itself: what a debugger runs may make code.
      code: await new Promise((done) => setTimeout(() => done(attempt(() => new Function('return 1')())))),
      inline: window.wasInline ? 'possible' : 'refused',
      network: await fetch('/index.html').then(
        () => 'possible',
        () => 'refused',
      ),
      bridge: attempt(() => {
        'use strict'
        window.studio.state = null
      }),
    }
  })
  check(
    `the page has no Node, and cannot make code, run inline code, use the network, or change its bridge: ${JSON.stringify(seen)}`,
    seen.node && [seen.code, seen.inline, seen.network, seen.bridge].every((each) => each === 'refused'),
  )
}
