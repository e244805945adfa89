/**
 * What the server's types need beyond ts-proto's own output. @grpc/proto-loader hands over `google.protobuf.Struct`
 * as the message it is ({ fields: … }), while ts-proto types it as a plain object; the files written here say what
 * really arrives, and carry the loader options that make it arrive so.
 */

/** The counterpart of the `server` flags in buf.gen.yaml; described where it is written out, below. */
const LOADER_OPTIONS = `{
  keepCase: false,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: false,
}`;

const STRUCT = `/** A JSON object as @grpc/proto-loader hands it over. */
export interface Struct {
  fields: { [key: string]: Value };
}

/** One JSON value: exactly one of the members is present. Numbers are doubles, as the format has it. */
export interface Value {
  nullValue?: "NULL_VALUE";
  numberValue?: number;
  stringValue?: string;
  boolValue?: boolean;
  structValue?: Struct;
  listValue?: ListValue;
}

/** A JSON array. */
export interface ListValue {
  values: Value[];
}
`;

function loaderModule(protoFiles) {
  const names = protoFiles.map((name) => `  ${JSON.stringify(name)},\n`).join('');
  return `/** The contracts this server speaks, relative to the folder \`proto\`. */
export const PROTO_FILES: readonly string[] = [
${names}];

/**
 * Options for @grpc/proto-loader (add \`includeDirs: [<the folder proto>]\`). The types beside this file describe
 * what these options yield: camelCase names, int64 and enums as text, every field present (a scalar as its zero
 * value, a missing message as null), a field marked \`optional\` absent when it was not sent. An enum number this
 * version does not know stays a number.
 */
export const LOADER_OPTIONS = ${LOADER_OPTIONS} as const;
`;
}

/** The files of a google.protobuf.FileDescriptorSet, which is nothing but them, one after the other. */
function filesOf(set) {
  const files = [];
  let at = 0;
  while (at < set.length) {
    let length = 0;
    let shift = 0;
    // The tag of field 1 is one byte; what follows is the length, seven bits a byte, the lowest first.
    do length |= (set[++at] & 0x7f) << (7 * shift++);
    while (set[at] & 0x80);
    files.push(set.subarray(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return files;
}

function descriptorModule(set) {
  const texts = filesOf(set).map((file) => `  "${Buffer.from(file).toString('base64')}",\n`);
  return `/**
 * The contracts and what they import as google.protobuf.FileDescriptorProto in base64: what reflection shows. What
 * @grpc/proto-loader would show has lost its field names and imports on the way.
 */
export const FILE_DESCRIPTORS: readonly string[] = [
${texts.join('')}];
`;
}

/** Points a ts-proto file at our Struct, where it says "any object". */
function useStruct(name, text) {
  if (!text.includes('{ [key: string]: any }')) return text;
  const up = '../'.repeat(name.split('/').length - 1) || './';
  return text
    .replace(
      'export const protobufPackage',
      `import type { Struct } from "${up}google/protobuf/struct";\n\nexport const protobufPackage`,
    )
    .replaceAll('{ [key: string]: any }', 'Struct');
}

/**
 * Turns ts-proto's server output (a map of file name to text) into the files of src/generated.
 * `names` are the contracts, relative to `proto`; `descriptors` is the FileDescriptorSet of them.
 */
export function serverFiles(output, { names, descriptors }) {
  const files = new Map();
  for (const [name, text] of output) files.set(name, useStruct(name, text));
  files.set('google/protobuf/struct.ts', STRUCT);
  files.set('proto-loader.ts', loaderModule(names));
  files.set('descriptors.ts', descriptorModule(descriptors));
  return files;
}
