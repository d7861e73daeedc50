/** What a repetition costs, in the parts of it that a call brings. */
const COST = 10;
/** A call brings a tenth of a repetition. */
const PER_CALL = 1;
/** A second brings ten repetitions, however few calls there are. */
const PER_MS = (10 * COST) / 1000;
/** A hundred may be saved, and no more. */
const MAX = 100 * COST;

/**
 * How many calls may still be repeated: ten a second and a tenth of all calls. Where the platform is slow because it has
 * too much to do, repeating every call would give it more.
 */
export class Budget {
  #left = MAX;
  #seen: number;
  readonly #now: () => number;

  /** A budget by a clock of milliseconds, which never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#seen = now();
  }

  /** Says that a call is made. */
  deposit(): void {
    this.#add(PER_CALL);
  }

  /** Takes one repetition out; false where none is left. */
  withdraw(): boolean {
    this.#add(0);
    if (this.#left < COST) {
      return false;
    }
    this.#left -= COST;
    return true;
  }

  #add(brought: number): void {
    const now = this.#now();
    this.#left = Math.min(MAX, this.#left + (now - this.#seen) * PER_MS + brought);
    this.#seen = now;
  }
}
