// Corpus scores against those of the reference programs (support/nlg-scores.ts says which).
import test, { type ExecutionContext } from 'ava'
import { AbortedError, OptionError, metrics } from 'loralib'
import { caught } from '../support/errors.js'
import { cases } from '../support/nlg-scores.js'

/** Every number of `want` in `got`, under the same keys. */
function near(t: ExecutionContext, got: unknown, want: unknown, at: string): void {
  if (typeof want === 'number') {
    t.true(
      typeof got === 'number' && Math.abs(got - want) <= 1e-9 * (1 + Math.abs(want)),
      `${at}: ${String(got)}, ${want}`,
    )
    return
  }
  t.deepEqual(Object.keys(got as object), Object.keys(want as object), at)
  for (const [key, value] of Object.entries(want as object)) near(t, (got as never)[key], value, `${at}.${key}`)
}

for (const [name, { hypotheses, references, ptb, scores }] of Object.entries(cases)) {
  const outputs: string[] = hypotheses
  const wanted: string[][] = references

  test(`${name}: PTB tokens`, (t) => {
    const tokens = (text: string) => metrics.tokenizePtb(text).join(' ')
    t.deepEqual(outputs.map(tokens), ptb.hypotheses)
    t.deepEqual(
      wanted.map((list) => list.map(tokens)),
      ptb.references,
    )
  })

  test(`${name}: ROUGE-L and CIDEr as coco-caption`, async (t) => {
    const rouge = await metrics.rougeL(outputs, wanted)
    near(t, rouge, { score: scores.rouge_l, each: scores.rouge_l_each }, 'rougeL')
    near(t, await metrics.cider(outputs, wanted), { score: scores.cider, each: scores.cider_each }, 'cider')
    // The tokens are what matters: already split texts give the same.
    const split = await metrics.cider(ptb.hypotheses, ptb.references, { tokenize: 'none' })
    near(t, split.score, scores.cider, 'cider of tokens')
  })

  test(`${name}: BLEU as sacrebleu`, async (t) => {
    const bleu = async (options: Parameters<typeof metrics.sacrebleu>[2]) => {
      const { sysLen, refLen, ...rest } = await metrics.sacrebleu(outputs, wanted, options)
      return { ...rest, sys_len: sysLen, ref_len: refLen }
    }
    near(t, await bleu({}), scores.sacrebleu.bleu_13a, '13a')
    near(t, await bleu({ lowercase: true }), scores.sacrebleu.bleu_lowercase, 'lowercase')
    near(t, await bleu({ tokenize: 'intl' }), scores.sacrebleu.bleu_intl, 'intl')
    near(t, await bleu({ tokenize: 'none', smoothMethod: 'floor' }), scores.sacrebleu.bleu_none_exp_off, 'floor')
    const { score } = metrics.sentenceSacrebleu(outputs[0]!, wanted[0]!)
    near(t, score, scores.sacrebleu.sentence_bleu_first, 'sentence')
  })

  test(`${name}: TER, chrF and chrF++ as sacrebleu`, async (t) => {
    const ter = async (options: Parameters<typeof metrics.ter>[2]) =>
      (await metrics.ter(outputs, wanted, options)).score
    near(t, await ter({}), scores.sacrebleu.ter, 'ter')
    near(t, await ter({ normalized: true }), scores.sacrebleu.ter_normalized, 'normalized')
    near(t, await ter({ noPunct: true, caseSensitive: true }), scores.sacrebleu.ter_no_punct_case, 'noPunct')
    near(t, await metrics.chrf(outputs, wanted), scores.sacrebleu.chrf, 'chrf')
    near(t, await metrics.chrf(outputs, wanted, { wordOrder: 2 }), scores.sacrebleu.chrf_pp, 'chrf++')
  })

  test(`${name}: BLEU of nltk, TER of pyter, ROUGE of rouge-score`, async (t) => {
    near(t, await metrics.nltkBleu(outputs, wanted), scores.bleu_nltk_method3, 'nltkBleu')
    const pyter = await metrics.pyter(outputs, wanted)
    near(t, pyter, { score: scores.ter_pyter, each: scores.ter_pyter_each }, 'pyter')
    for (const [i, want] of scores.rouge_score_first_reference.entries()) {
      const got = metrics.rougeScore(outputs[i]!, wanted[i]![0]!)
      for (const [key, { precision, recall, fmeasure }] of Object.entries(got)) {
        near(t, [precision, recall, fmeasure], want[key as keyof typeof want], `rougeScore ${i} ${key}`)
      }
    }
  })
}

// Printed by edu.stanford.nlp.process.PTBTokenizer of CoreNLP 3.4.1 with -preserveLines -lowerCase; punctuation left out as in pycocoevalcap.
test('tokenizePtb: as the lexer of Stanford', (t) => {
  const wanted: Record<string, string> = {
    "I'm O'Brien, don't can't cannot gonna 'tis rock 'n' roll '90s":
      "i 'm o'brien do n't ca n't can not gon na 't is rock 'n' roll '90s",
    'AT&T, Q&A at b&b (see) [this] 50% off & more':
      'at&t q&a at b & b -lrb- see -rrb- -lsb- this -rsb- 50 % off & more',
    '£20-25 20-£25 US$30 €5 ¥7 ½ 10:30am 7pm 1.8g 4000ft.':
      '# 20-25 20 # 25 us$ 30 $ 5 ¥ 7 1/2 10:30 am 7pm 1.8 g 4000ft',
    'Mr. X vs. Dr. Y, No. 5 and no. of Ph.D. e.g. S. Bach': 'mr. x vs. dr. y no. 5 and no of ph.d. e.g. s. bach',
    'vitamin C. The end; vitamin C. and': 'vitamin c the end vitamin c. and',
    'a/b 10/03/1983 well-known a_b x__y wow!! really?! yes...':
      'a/b 10/03/1983 well-known a_b x __ y wow !! really ?! yes',
    'C# C++ me@x.com www.foo.com :) – — “it’s”': "c# c++ me@x.com www.foo.com :-rrb- it 's",
  }
  for (const [text, tokens] of Object.entries(wanted)) t.is(metrics.tokenizePtb(text).join(' '), tokens)
})

test('BLEU and NIST as e2e-metrics', async (t) => {
  const { hypotheses, references, scores } = cases.single
  const { hits, candidateNgrams, referenceLength, score } = await metrics.bleu(hypotheses, references)
  near(t, score, scores.bleu, 'bleu')
  t.deepEqual({ hits, candidate_ngrams: candidateNgrams, reference_length: referenceLength }, scores.bleu_counts)
  near(t, (await metrics.nist(hypotheses, references)).score, scores.nist, 'nist')
  const smooth = hypotheses.map((output, i) => metrics.sentenceBleu(output, references[i]!, { smoothing: 1 }))
  near(t, smooth, scores.sentence_bleu_smoothing_1, 'sentences')
  const edge = cases.edge
  const others = edge.hypotheses.map((output, i) => metrics.sentenceBleu(output, edge.references[i]!, { smoothing: 1 }))
  near(t, others.slice(2), edge.scores.sentence_bleu_smoothing_1, 'edge')
})

test('BLEU: an output shorter than an n-gram has none of it, and the score is a fraction', async (t) => {
  for (const output of ['', 'the', 'the the', 'one two three']) {
    const smoothed = metrics.sentenceBleu(output, ['The', 'the the'], { smoothing: 1 })
    t.true(smoothed >= 0 && smoothed <= 1, `${output}: ${smoothed}`)
  }
  const { score, hits, candidateNgrams } = await metrics.bleu(['one two', ''], [['three four', 'five'], ['six']])
  t.deepEqual(candidateNgrams, [3, 1, 0, 0])
  t.deepEqual(hits, [0, 0, 0, 0])
  t.true(score >= 0 && score < 1e-9)
  t.is((await metrics.nist(['one two'], ['three four'])).score, 0)
})

// Printed by multi-bleu.perl and multi-bleu-detok.perl of mosesdecoder for the texts of `single`.
test('multiBleu: as the Perl scripts of Moses', async (t) => {
  const { hypotheses, references } = cases.single
  const shown = async (options: Parameters<typeof metrics.multiBleu>[2]) => {
    const { score, precisions, bp, hypLen, refLen } = await metrics.multiBleu(hypotheses, references, options)
    const parts = precisions.map((p) => p.toFixed(1)).join('/')
    return `BLEU = ${score.toFixed(2)}, ${parts} (BP=${bp.toFixed(3)}, hyp_len=${hypLen}, ref_len=${refLen})`
  }
  t.is(await shown({}), 'BLEU = 21.14, 76.6/35.8/18.1/8.6 (BP=0.827, hyp_len=158, ref_len=188)')
  t.is(await shown({ lowercase: true }), 'BLEU = 21.72, 79.1/37.2/18.8/8.6 (BP=0.827, hyp_len=158, ref_len=188)')
  t.is(await shown({ detokenized: true }), 'BLEU = 21.14, 76.6/35.8/18.1/8.6 (BP=0.827, hyp_len=158, ref_len=188)')
  t.is((await metrics.multiBleu(['a b'], ['c d'])).score, 0)
})

test('scoreCorpus: by name, each as its function has it', async (t) => {
  const { hypotheses, references, scores } = cases.single
  const told: string[] = []
  const got = await metrics.scoreCorpus(hypotheses, references, {
    metrics: ['bleu', 'ter', 'chrf++', 'meteor'],
    wordnet: null,
    onScore: ({ metric, score, timeMs }) => told.push(`${metric} ${typeof score} ${timeMs >= 0}`),
  })
  t.deepEqual(Object.keys(got), ['bleu', 'ter', 'chrf++', 'meteor'])
  t.deepEqual(told, ['bleu number true', 'ter number true', 'chrf++ number true', 'meteor number true'])
  near(t, got['bleu'], scores.bleu, 'bleu')
  near(t, got['ter'], scores.sacrebleu.ter, 'ter')
  near(t, got['chrf++'], scores.sacrebleu.chrf_pp, 'chrf++')
  t.deepEqual(Object.keys(await metrics.scoreCorpus(hypotheses, references)), ['bleu', 'nist', 'rouge-l', 'cider'])
})

test('wrong inputs are refused with their position', async (t) => {
  const wrong: [() => unknown, RegExp][] = [
    [() => metrics.bleu(['a'], []), /references of 1 outputs/],
    [() => metrics.bleu([], []), /at least one output/],
    [() => metrics.chrf(['a'], [[]]), /references\[0\].*at least one reference/],
    [() => metrics.ter(['a', 3 as never], ['a', 'b']), /hypotheses\[1\]/],
    [() => metrics.nist(['a'], [['b', null as never]]), /references\[0\]\[1\]/],
    [() => metrics.bleu(['a'], ['b'], { smooth: 1 } as never), /smooth/],
    [() => metrics.sacrebleu(['a'], ['b'], { smoothValue: 1 }), /smoothValue/],
    [() => metrics.scoreCorpus(['a'], ['b'], { metrics: ['bleeu' as never] }), /write 'bleu'/],
    [() => metrics.scoreCorpus(['a'], ['b'], { metrics: ['meteor-java'] }), /meteorJar/],
    [() => metrics.sentenceBleu('a', []), /at least one reference/],
  ]
  for (const [run, pattern] of wrong) {
    const { error } = await caught(run)
    t.true(error instanceof OptionError, String(error))
    t.regex((error as Error).message, pattern)
  }
})

test('an aborted signal ends the work, and the event loop has its turns meanwhile', async (t) => {
  const outputs = Array.from({ length: 400 }, (_, i) => cases.single.hypotheses[i % 10]!)
  const references = outputs.map((_, i) => cases.single.references[(i + 1) % 10]!)
  const controller = new AbortController()
  let turns = 0
  const timer = setInterval(() => {
    if (++turns === 3) controller.abort(new Error('enough'))
  }, 1)
  t.teardown(() => clearInterval(timer))
  const repeated = async () => {
    for (let i = 0; i < 1000; i++) await metrics.ter(outputs, references, { signal: controller.signal })
  }
  const error = await t.throwsAsync(repeated)
  t.true(error instanceof AbortedError)
  t.is((error.cause as Error).message, 'enough')
})
