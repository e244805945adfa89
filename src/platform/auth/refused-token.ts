/** Why a token proves nothing: for the log, never for the caller, who hears the same words whatever it is. */
export class RefusedToken extends Error {}
