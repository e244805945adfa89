/** The file has no row that could be read: not there, empty, or without the columns it should have. */
export class UnreadableFile extends Error {}
