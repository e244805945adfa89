/** The command line was not understood; `help` says what would have been. */
export class UsageError extends Error {
  constructor(
    message: string,
    readonly help: string,
  ) {
    super(`${message}\n\n${help}`);
    this.name = 'UsageError';
  }
}
