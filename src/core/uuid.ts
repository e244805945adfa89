const HYPHENED = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const UUID = new RegExp(`^(?:${HYPHENED}|\\{${HYPHENED}\\}|urn:uuid:${HYPHENED}|[0-9a-f]{32})$`, 'i');

/**
 * The plain, lower-case spelling of a uuid in one of its four usual ones (plain, in braces, as a urn, 32 digits); null
 * for any other text.
 */
export function plainUuid(text: string): string | null {
  if (!UUID.test(text)) return null;
  const digits = text.toLowerCase().replace(/^urn:uuid:|[{}-]/g, '');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
