import { sendWebhook } from '../../src/platform/webhooks/webhook-sender';
import { Receiver } from '../support/receiver';

/** The module itself, as the sender has it. */
const dns = jest.requireActual<typeof import('node:dns')>('node:dns');

const STRICT = { allowHttp: true, allowPrivate: false };
const OPEN = { allowHttp: true, allowPrivate: true };

let receiver: Receiver;

beforeAll(async () => {
  receiver = await Receiver.start();
});
afterAll(() => receiver.stop());
beforeEach(() => {
  receiver.received.length = 0;
  receiver.behave = null;
});

function send(url: string, rules = OPEN, signal = new AbortController().signal): Promise<number> {
  return sendWebhook({ url, headers: { 'webhook-id': '1' }, body: '{"a":"é"}', signal }, rules);
}

describe('a webhook', () => {
  it('arrives as it is, and the status is the answer', async () => {
    receiver.answers.push(204, 404, 302);
    expect([await send(receiver.url()), await send(receiver.url()), await send(receiver.url())]).toEqual([
      204, 404, 302,
    ]);
    expect(receiver.received[0]).toMatchObject({ body: '{"a":"é"}', headers: { 'webhook-id': '1' } });
    expect(receiver.received.map(({ path }) => path)).toEqual(['/hooks', '/hooks', '/hooks']);
  });

  it.each(['127.0.0.1', '127.1', '0x7f.0.0.1', '2130706433', '0.0.0.0', '[::1]', '[::ffff:127.0.0.1]'])(
    'does not reach this machine as %s',
    async (host) => {
      await expect(send(receiver.url('/', host), STRICT)).rejects.toThrow('private or reserved');
      expect(receiver.received).toEqual([]);
    },
  );

  it('does not reach this machine by a name that leads to it', async () => {
    await expect(send(receiver.url('/', 'localhost'), STRICT)).rejects.toThrow(
      'the name localhost leads to a private or reserved address',
    );
    expect(receiver.received).toEqual([]);
    expect(await send(receiver.url('/', 'localhost'))).toBe(200);
  });

  it('is sent in the open only where that is allowed', async () => {
    await expect(send(receiver.url(), { ...OPEN, allowHttp: false })).rejects.toThrow(
      'must begin with https://',
    );
  });

  it('does not wait for an answer that never comes, nor swallow one that never ends', async () => {
    receiver.behave = () => undefined;
    await expect(send(receiver.url(), OPEN, AbortSignal.timeout(200))).rejects.toThrow('no answer');
    receiver.behave = (response) => {
      response.writeHead(200);
      const more = (): void => {
        if (!response.destroyed) response.write('x'.repeat(16_384), () => setImmediate(more));
      };
      more();
    };
    expect(await send(receiver.url())).toBe(200);
  });

  it('fails with words when nobody listens or the name is unknown', async () => {
    await expect(send('http://127.0.0.1:9/')).rejects.toThrow('ECONNREFUSED');
    await expect(send('http://nowhere.invalid/')).rejects.toThrow('nowhere.invalid');
  });
});

describe('a name', () => {
  const answers: { address: string; family: number }[][] = [];
  let asked = 0;

  beforeEach(() => {
    asked = 0;
    answers.length = 0;
    jest.spyOn(dns, 'lookup').mockImplementation((...args: unknown[]) => {
      asked++;
      (args.at(-1) as (error: null, found: unknown) => void)(null, answers.shift() ?? []);
    });
  });
  afterEach(() => jest.restoreAllMocks());

  it.each([
    [[{ address: '10.0.0.5', family: 4 }]],
    [[{ address: '169.254.169.254', family: 4 }]],
    [[{ address: '::ffff:127.0.0.1', family: 6 }]],
    [
      [
        { address: '8.8.8.8', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
    ],
    [[]],
  ])('is refused when it leads to %j', async (addresses) => {
    answers.push(addresses);
    await expect(send(receiver.url('/', 'hooks.example'), STRICT)).rejects.toThrow('leads to a private');
    expect(receiver.received).toEqual([]);
  });

  it('is asked once: what it says later is not connected to', async () => {
    answers.push([{ address: '127.0.0.1', family: 4 }], [{ address: '169.254.169.254', family: 4 }]);
    expect(await send(receiver.url('/', 'hooks.example'))).toBe(200);
    expect(asked).toBe(1);
  });
});
