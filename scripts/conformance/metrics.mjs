// Kinds of scores: NLG metrics over a corpus, and those of the GLUE tasks.
//
// METEOR's numbers are those of the Java tool with its paraphrase table. With METEOR_JAR in the environment (the path of meteor-1.5.jar) they
// are compared with the results of `meteorJava`; without it they cannot be reproduced, and the definitions of the case say so.
import * as lora from 'loralib'
import { toleranceOf } from './compare.mjs'

const { metrics } = lora

const METEOR =
  'of the METEOR 1.5 tool and its paraphrase table, which an implementation without them cannot give; METEOR_JAR=... compares them'

export const metricKinds = {
  nlg_metrics: {
    run: runNlgMetrics,
    settings: ['informative'],
    words: { 'scores.meteor': METEOR, 'scores.meteor_each': METEOR, 'tolerance.meteor': 'refers to the definitions' },
  },
  glue_metrics: { run: runGlue, settings: ['task', 'predictions', 'labels'], words: {} },
}

async function runGlue({ entry }, check) {
  const scores = metrics.glue(entry.task, entry.predictions, entry.labels)
  check.fact(['scores'], scores, { tolerance: toleranceOf(entry) })
}

/** The text that each definition must have for the expected numbers to apply. */
const DEFINITIONS = {
  'bleu / nist': 'case-insensitive, mteval-v13a tokens, closest reference length (the shorter of a tie)',
  'meteor, rouge_l, cider': 'on data.ptb (PTB tokens, lower case, punctuation tokens removed)',
  ter_pyter: 'mean over segments of the minimum over references, whitespace tokens',
  bleu_nltk_method3: 'whitespace tokens, NIST geometric smoothing',
  sacrebleu: '0..100; the others are fractions',
  meteor:
    'needs the METEOR 1.5 paraphrase table and WordNet data: an exact match cannot be asked from an implementation without them',
  'bleu counts':
    'n = 1..4; a segment of L tokens adds L-n+1 candidate n-grams, also when that is negative; an empty output counts as one empty token; p_n = max(hits+s, 1e-15) / max(candidates+s, 1e-9), s = 0, or 1 in sentence_bleu_smoothing_1 (for every n, n = 1 too); geometric mean; brevity penalty exp(1 - r/c) when c <= r',
  nist: 'n = 1..5, mean reference length, the same candidate counts; null: upstream fails (division by zero)',
  rouge_l: 'beta 1.2; P and R each the maximum over the references',
  cider:
    'n = 1..4, sigma 6, counts clipped to the reference, document frequency per segment (over its references together), times 10',
  chrf: 'character order 6, word order 0 (chrf_pp: 2), beta 2, best reference per segment',
  rouge_score_first_reference: '[precision, recall, F], no stemmer, first reference, first 6 segments only',
  'sacrebleu names':
    'bleu_13a: defaults; bleu_lowercase: lowercase; bleu_intl: tokenize intl; bleu_none_exp_off: tokenize none with smooth_method floor in place of exp; ter: defaults (case-insensitive); ter_normalized: normalized; ter_no_punct_case: no_punct and case_sensitive; sentence_bleu_first: sentence_bleu of segment 0 (effective order)',
}

async function runNlgMetrics(fixture, check) {
  const { entry } = fixture
  for (const name of Object.keys(entry.definitions)) {
    check.rule(['definitions', name], new RegExp(`^${escape(DEFINITIONS[name] ?? '(nothing)')}$`))
  }
  const got = await once(scoresOf, entry.data)
  check.fact(['data', 'mteval_tokens_of_first'], got.mtevalTokens)
  check.fact(['data', 'ptb'], got.ptb)

  const tolerance = toleranceOf(entry)
  const informative = new Set(entry.informative ?? [])
  const scores = { ...got.scores, ...(await meteorScores(entry.data)) }
  // Upstream divides by zero where an order has no candidates at all.
  if (entry.scores.nist === null && got.nistCandidates.includes(0)) scores.nist = null
  for (const [name, want] of Object.entries(entry.scores)) {
    if (informative.has(name)) check.informative(['scores', name])
    if (informative.has(name)) continue
    if (/^meteor(?:_each)?$/.test(name) && scores[name] === undefined) continue
    check.that(`scores.${name}`, Object.hasOwn(scores, name), 'this runner does not know this score')
    const path = ['scores', name]
    const isPartly = Array.isArray(want) && want.some((_, i) => informative.has(`${name}[${i}]`))
    if (!isPartly) {
      check.fact(path, scores[name], { tolerance })
      continue
    }
    check.that(path.join('.'), want.length === scores[name].length, `got ${scores[name].length} values`)
    for (const i of want.keys()) {
      if (informative.has(`${name}[${i}]`)) check.informative([...path, i])
      else check.fact([...path, i], scores[name][i], { tolerance })
    }
  }
  checkBounds(got.scores, check)
}

/** The intended values where upstream's numbers are wrong. */
function checkBounds({ bleu, bleu_counts: counts, sentence_bleu_smoothing_1: sentences }, check) {
  const isFraction = (value) => value >= 0 && value <= 1
  check.that('scores.bleu', [bleu, ...sentences].every(isFraction), `got BLEU outside 0 to 1: ${[bleu, ...sentences]}`)
  const fits = counts.hits.every((hits, n) => hits <= counts.candidate_ngrams[n])
  check.that('scores.bleu_counts', fits, `got more hits than n-grams: ${JSON.stringify(counts)}`)
}

/** All scores of a corpus, under the names of the cases. */
async function scoresOf({ hypotheses, references }) {
  const bleu = await metrics.bleu(hypotheses, references)
  const nist = await metrics.nist(hypotheses, references)
  const rouge = await metrics.rougeL(hypotheses, references)
  const cider = await metrics.cider(hypotheses, references)
  const pyter = await metrics.pyter(hypotheses, references)
  const each = (make) => hypotheses.map((hypothesis, i) => make(hypothesis, references[i]))
  const ptb = (text) => metrics.tokenizePtb(text).join(' ')
  const first = metrics.tokenize13a(hypotheses[0])
  return {
    mtevalTokens: first.length === 0 ? [''] : first,
    ptb: { hypotheses: hypotheses.map(ptb), references: references.map((list) => list.map(ptb)) },
    nistCandidates: nist.candidateNgrams,
    scores: {
      bleu: bleu.score,
      nist: nist.score,
      bleu_counts: {
        hits: bleu.hits,
        candidate_ngrams: bleu.candidateNgrams,
        reference_length: bleu.referenceLength,
      },
      sentence_bleu_smoothing_1: each((output, refs) => metrics.sentenceBleu(output, refs, { smoothing: 1 })),
      rouge_l: rouge.score,
      rouge_l_each: rouge.each,
      cider: cider.score,
      cider_each: cider.each,
      sacrebleu: await sacrebleuScores(hypotheses, references),
      bleu_nltk_method3: await metrics.nltkBleu(hypotheses, references),
      ter_pyter: pyter.score,
      ter_pyter_each: pyter.each,
      rouge_score_first_reference: each((output, [reference]) => rougeValues(output, reference)).slice(0, 6),
    },
  }
}

async function sacrebleuScores(hypotheses, references) {
  const bleu = async (options) => asUpstream(await metrics.sacrebleu(hypotheses, references, options))
  const ter = async (options) => (await metrics.ter(hypotheses, references, options)).score
  return {
    bleu_13a: await bleu({}),
    bleu_lowercase: await bleu({ lowercase: true }),
    bleu_intl: await bleu({ tokenize: 'intl' }),
    bleu_none_exp_off: await bleu({ tokenize: 'none', smoothMethod: 'floor' }),
    chrf: await metrics.chrf(hypotheses, references),
    chrf_pp: await metrics.chrf(hypotheses, references, { wordOrder: 2 }),
    ter: await ter({}),
    ter_normalized: await ter({ normalized: true }),
    ter_no_punct_case: await ter({ noPunct: true, caseSensitive: true }),
    sentence_bleu_first: metrics.sentenceSacrebleu(hypotheses[0], references[0]).score,
  }
}

const asUpstream = ({ sysLen, refLen, ...rest }) => ({ ...rest, sys_len: sysLen, ref_len: refLen })

function rougeValues(output, reference) {
  const scores = metrics.rougeScore(output, reference)
  return Object.fromEntries(
    Object.entries(scores).map(([name, { precision, recall, fmeasure }]) => [name, [precision, recall, fmeasure]]),
  )
}

/** The score of the Java tool, if its jar is available. */
async function meteorScores(data) {
  const jar = process.env.METEOR_JAR
  if (jar === undefined) return {}
  const run = ({ hypotheses, references }) => metrics.meteorJava(hypotheses, references, { jar })
  const { score, each } = await once(run, data, 'meteor')
  return { meteor: score, meteor_each: each }
}

const runs = new Map()

/** Texts that were scored before have the same scores: changed expectations need no new ones. */
function once(compute, { hypotheses, references }, what = '') {
  const key = JSON.stringify([what, hypotheses, references])
  if (!runs.has(key)) runs.set(key, compute({ hypotheses, references }))
  return runs.get(key)
}

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
