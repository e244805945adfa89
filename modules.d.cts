export const MODULES: Readonly<Record<string, readonly string[]>>;
export const COMPOSITION_ROOT: readonly string[];
export const GENERATED_READERS: readonly string[];
export const PRIVATE_KINDS: readonly string[];
export const FILE_KINDS: readonly string[];
export const BANNED_NAMES: readonly string[];
