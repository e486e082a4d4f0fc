// The lexical rules of Stanford's PTBTokenizer, as far as common English text needs them.

const APOS = "['’´\\u0092]"
const APOSTROPHES = "['’´\\u0092`‘‛\\u0091]"
const LETTER = '[\\p{L}\\p{M}\\u00ad]'
const ALNUM = '[\\p{L}\\p{M}\\p{Nd}\\u00ad]'
const PLAIN = '[a-zA-Z0-9]'
const WORD = `${LETTER}${ALNUM}*(?:[.!?]${LETTER}${ALNUM}*)*`
const NUMBER = '(?:\\p{Nd}+(?:[.:,]\\p{Nd}+)*|\\p{Nd}*(?:[.,]\\p{Nd}+)+)'
const REDUCED = `${APOS}(?:[msd]|re|ve|ll)`
const ACRONYM = '[a-zA-Z](?:\\.[a-zA-Z])+'
const HYPHENATED = `${PLAIN}[a-zA-Z0-9.,\\u00ad]*(?:-(?:[a-zA-Z0-9\\u00ad]+|${ACRONYM}\\.))+`
const ELIDED = `(?:[dol]${APOSTROPHES}${PLAIN})?`

const ABBREVIATIONS = [
  'jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tues?|wed|thu|thurs|fri',
  'ala|ariz|ark|calif|colo|conn|ct|dak|del|fla|ga|ill|ind|kans?|ky|la|mass|md|mich|minn|miss|mo|mont|neb|nev|okla|ore|pa|penn|tenn|tex|va|vt|wash|wisc?|wyo',
  'inc|cos?|corp|pp?t[ye]s?|ltd|plc|bancorp|bhd|assn|univ|intl|sys|tel|est|ext|sq|jr|sr|bros|ed\\.d|ph\\.d|blvd|rd|esq|etc|al|seq|bldg',
  'mr|mrs|ms|drs?|profs?|sens?|reps?|attys?|lt|col|gen|messrs|govs?|adm|rev|maj|sgt|cpl|pvt|capt|ste?|ave|pres|lieut|hon|brig|co?mdr|pfc|spc|supts?|det|mt|ft|adj|adv|asst|assoc|ens|insp|mlle|mme|msgr|sfc',
  'vs|alex|wm|jos|cie|a\\.k\\.a|cf|ph|invt|elec|natl|m[ft]g|dept',
].join('|')

const EXTENSIONS =
  'bat|bmp|c|class|cgi|cpp|dll|docx?|exe|gif|gz|h|html?|jar|java|jpe?g|mov|mp3|pdf|php|pl|png|ppt|ps|py|sql|tar|txt|wav|x|xml|zip'

const RULES: readonly (string | RegExp)[] = [
  '(c\\+\\+|[cf]#)',
  `(${APOS}t)(is|was)(?!\\p{L})`,
  // cannot, gonna: split in two
  '(can)(not)(?!\\p{L})',
  `(gon|wan)(na)(?!\\p{L})`,
  `(got)(ta)(?!\\p{L})`,
  `(gim|lem)(me)(?!\\p{L})`,
  // it|'s, is|n't
  `(${WORD})(${REDUCED})`,
  `([a-zA-Z\\u00ad]*[A-MO-Za-mo-z])(n${APOSTROPHES}t)`,
  `(${WORD})`,
  // 'em, 'n', O'Brien, Shi'ite, '90s
  `(${APOS}n${APOS}?|[ldj]${APOS}|ol${APOS}|${APOS}em|[A-HJ-XZn]${APOSTROPHES}\\p{L}{2,}|${APOS}[2-9]0s|${APOS}till?|${APOS}cause)`,
  `(\\p{L}+[aeiouy]${APOSTROPHES}[aeiou]\\p{L}*|cont'd\\.?|nor'easter|c'mon|e'er|s'mores|ev'ry|li'l|nat'l)`,
  `(y${APOS})(\\p{L})`,
  '((?:ftp|https?)://[^"<>|()]+[^"<>|.!?(){},-])',
  '((?:www\\.(?:[^"<>|.!?(){},]+\\.)+[a-zA-Z]{2,4}|(?:[^"`\'<>|.!?(){},\\-_$]+\\.)+(?:com|net|org|edu))(?:/[^"<>|()]+[^"<>|.!?(){},-])?)',
  '([a-zA-Z0-9][^"<>|()]*@(?:[^"<>|(){}.]+\\.)*[^"<>|(){}.]+)',
  '([@＠][a-zA-Z_][a-zA-Z_0-9]*|[#＃]\\p{L}[\\p{L}\\p{Nd}_]*[\\p{L}\\p{Nd}])',
  `(${REDUCED})([^a-zA-Z])`,
  `(n${APOSTROPHES}t)([^a-zA-Z])`,
  '(\\p{Nd}{1,2}[-/]\\p{Nd}{1,2}[-/]\\p{Nd}{2,4})',
  `([-+]?${NUMBER})`,
  '((?:\\p{Nd}{1,4}-)?\\p{Nd}{1,4}(?:\\\\?/|\\u2044)\\p{Nd}{1,4})',
  '([¼½¾⅓-⅞])',
  "(-[rl][rcs]b-|c\\.d\\.s|pro-|anti-|s&p-500|s&ls|cap'n|c'est)",
  '((?:e|yahoo|jeopardy)!)',
  `(${PLAIN}+(?:-[a-zA-Z]+){0,2}(?:\\\\?/${PLAIN}+(?:-[a-zA-Z]+){0,2}){1,2})`,
  '([A-Z]*\\$|#)',
  '([¢£¤¥€₤₠])',
  `((?:${ABBREVIATIONS})\\.)([\\s\\S]{0,2})`,
  `(${ACRONYM}\\.|[a-zA-Z]\\.)`,
  `(${APOS}\\p{Nd}\\p{Nd})(?!\\S)`,
  `([a-zA-Z0-9]+(?:[-._/][a-zA-Z0-9]+)*\\.(?:${EXTENSIONS}))(?=$|[.?!,"'<])`,
  `(${WORD}\\.)([,;:])`,
  "(\"|&quot;|[`'‘’]')",
  '(&lt;|&gt;|[<>])',
  "([<>]?[:;=][-o*']?[()DPdpO\\\\{@|[\\]])(?![a-zA-Z0-9])",
  '([{}()[\\]])',
  '(-+)',
  '(\\.{3,}|…|&(?:MD|mdash|ndash);|[–—―])',
  '(@+|#+|_+)',
  '(\\*+)',
  '([,;:、])',
  '([?!]+)',
  '([.¡¿。])',
  '(=+)',
  '(/)',
  `(${HYPHENATED})`,
  `(${HYPHENATED}\\.)([,;:])`,
  `(${ELIDED}(?:${ALNUM}+|[-+]?${NUMBER})(?:[-_‐‑]${ELIDED}(?:${ALNUM}+|${NUMBER}))*)`,
  /([A-Z]+(?:(?:[+&]|&amp;)[A-Z]+)+)/uy,
  "(['’´`‘‛“”„‹›«»]{1,2})",
  `(${REDUCED}|n${APOSTROPHES}t)`,
  '(&amp;)',
]

let made: readonly RegExp[] | undefined

/**
 * Patterns of tokens. The longest match wins, the first of several equally long. The first group is the token; the second must follow it, and counts
 * towards the length. They are made at the first call: classes of Unicode take long to build, and `import` would wait for them.
 */
export const tokenPatterns = (): readonly RegExp[] =>
  (made ??= RULES.map((rule) => (typeof rule === 'string' ? new RegExp(rule, 'iuy') : rule)))

/** A symbol that is a token by itself. Other characters that begin no token are dropped. */
export const SYMBOL = /^[+%&~^|\\¦§¨©¬®¯°-³µ-º×÷‖†-•‰-‴※⁃℀-⅏←-⇿∀-⯿]$/u

/** Replacements of some tokens. */
export const WRITTEN = new Map([
  ['£', '#'],
  ['₤', '#'],
  ['€', '$'],
  ['¤', '$'],
  ['₠', '$'],
  ['¢', 'cents'],
  ['¼', '1/4'],
  ['½', '1/2'],
  ['¾', '3/4'],
  ['⅓', '1/3'],
  ['⅔', '2/3'],
  ['(', '-lrb-'],
  [')', '-rrb-'],
  ['{', '-lcb-'],
  ['}', '-rcb-'],
  ['[', '-lsb-'],
  [']', '-rsb-'],
  ['&amp;', '&'],
  ['&lt;', '<'],
  ['&gt;', '>'],
])

/** Tokens that coco-caption drops. */
export const PUNCTUATION =
  /^(?:''?|``?|["'`‘’‛´“”„‹›«»]{1,2}|&quot;|&(?:md|mdash|ndash);|[.?!,:;]|-{1,4}|[–—―…]|\.{3,})$/iu

/** Words before which a single letter with a full stop ends a sentence. */
export const SENTENCE_STARTS = new Set(
  (
    'About According Additionally After An A As At But Earlier He Her Here However If In It Last Many More Mr. Ms. Now Once One Other Our ' +
    'She Since So Some Such That The Their Then There These They This We When While What Yet You'
  ).split(' '),
)
