/** The little of HTTP/2 (RFC 9113) that a load generator needs: it knows its requests beforehand and reads no headers. */
export const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 };
export const FLAG = { ack: 1, endStream: 1, endHeaders: 4 };
const HEAD_BYTES = 9;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const INITIAL_WINDOW_SIZE = 4;
const WIDE = 2 ** 31 - 1;
const DEFAULT_WINDOW = 65_535;

export function frame(type, { flags = 0, stream = 0, payload = Buffer.alloc(0) } = {}) {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** What a client says first: windows so wide that answers never wait for them. */
export function opening() {
  const settings = Buffer.alloc(6);
  settings.writeUInt16BE(INITIAL_WINDOW_SIZE, 0);
  settings.writeUInt32BE(WIDE, 2);
  const widen = Buffer.alloc(4);
  widen.writeUInt32BE(WIDE - DEFAULT_WINDOW, 0);
  return Buffer.concat([
    Buffer.from(PREFACE),
    frame(FRAME.settings, { payload: settings }),
    frame(FRAME.windowUpdate, { payload: widen }),
  ]);
}

/** A header block (RFC 7541) of literals that are not indexed: the same bytes are right for every request. */
export function headerBlock(headers) {
  return Buffer.concat(
    Object.entries(headers).map(([name, value]) =>
      Buffer.concat([Buffer.from([0]), text(name), text(value)]),
    ),
  );
}

function text(value) {
  const bytes = Buffer.from(value);
  if (bytes.length > 126) throw new Error('a header of the bench is shorter than that');
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** A whole request as bytes; `withStream` puts the stream's number into a copy. */
export function requestBytes(headers, body) {
  return Buffer.concat([
    frame(FRAME.headers, { flags: FLAG.endHeaders, stream: 1, payload: headers }),
    frame(FRAME.data, { flags: FLAG.endStream, stream: 1, payload: body }),
  ]);
}

export function withStream(bytes, headers, stream) {
  const copy = Buffer.from(bytes);
  copy.writeUInt32BE(stream, 5);
  copy.writeUInt32BE(stream, HEAD_BYTES + headers.length + 5);
  return copy;
}

/** Cuts what arrives into frames and hands each on as (type, flags, stream, payload). */
export function frameReader(onFrame) {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= HEAD_BYTES) {
      const length = bytes.readUIntBE(at, 3);
      const next = at + HEAD_BYTES + length;
      if (next > bytes.length) break;
      onFrame(
        bytes[at + 3],
        bytes[at + 4],
        bytes.readUInt32BE(at + 5),
        bytes.subarray(at + HEAD_BYTES, next),
      );
      at = next;
    }
    rest = bytes.subarray(at);
  };
}
