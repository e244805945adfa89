import { Injectable } from '@nestjs/common';

/** Puts built-in rows in place; running it again, or on two nodes at once, changes nothing. */
export type Seed = () => Promise<void>;

/** Where modules register what must be in the database before the doors open; the boot runs it after the migrations. */
@Injectable()
export class Seeds {
  readonly #seeds = new Map<string, Seed>();

  /** Called by a module while it is being initialised. */
  add(name: string, seed: Seed): void {
    this.#seeds.set(name, seed);
  }

  /** Runs every seed in the order of registration and names them. */
  async run(): Promise<string[]> {
    for (const seed of this.#seeds.values()) await seed();
    return [...this.#seeds.keys()];
  }
}
