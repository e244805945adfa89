/** What became of one event that was sent; `reason` says why it was not taken. */
export interface RowVerdict {
  readonly status: 'recorded' | 'duplicate' | 'conflict' | 'refused';
  readonly reason?: string;
}
