import { Injectable } from '@nestjs/common';

/** Whether this process wants traffic: not before everything is open, and no more from the first moment of its shutdown on. */
@Injectable()
export class Readiness {
  #state: 'starting' | 'open' | 'draining' = 'starting';

  get state(): 'starting' | 'open' | 'draining' {
    return this.#state;
  }

  /** Called once all doors are open. */
  open(): void {
    if (this.#state === 'starting') this.#state = 'open';
  }

  /** Called first of all in a shutdown; there is no way back. */
  drain(): void {
    this.#state = 'draining';
  }
}
