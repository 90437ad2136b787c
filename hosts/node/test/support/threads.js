// Stores for the thread of the workers that do not work.

/** A store that cannot be made. */
export class Throwing {
  constructor() {
    throw new Error('no such host');
  }
}

/** A store whose calls compute without an end. */
export class Computing {
  scan() {
    for (;;);
  }

  get() {
    return this.scan();
  }
}
