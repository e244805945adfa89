import fc from 'fast-check';
import type { RecordUsage } from '../../src/usage/event-record.commands';
import { fromWaybillEvent } from '../../src/usage/waybill-event.wire';

const PROJECT = '0f8fad5b-d9cb-469f-a165-70867728950e';
const NIL = '00000000-0000-0000-0000-000000000000';

const plain = {
  event_type: 'build.started',
  project_id: PROJECT,
  resource_type: 'build',
  resource_id: PROJECT,
  metrics: {},
};

const read = (body: unknown): RecordUsage => fromWaybillEvent(body, () => 'id').records[0] as RecordUsage;

describe("a uuid in Waybill's events", () => {
  it.each([
    ['plain', PROJECT],
    ['in capitals', PROJECT.toUpperCase()],
    ['in braces', `{${PROJECT}}`],
    ['as a urn', `urn:uuid:${PROJECT}`],
    ['as a loud urn', `URN:UUID:${PROJECT.toUpperCase()}`],
    ['as 32 digits', PROJECT.replaceAll('-', '')],
  ])('%s is the same project', (_how, project_id) => {
    expect(read({ ...plain, project_id }).account).toBe(`project:${PROJECT}`);
    expect(read({ ...plain, resource_id: project_id }).resource).toBe(PROJECT);
    expect(read({ ...plain, team_id: project_id }).properties).toMatchObject({ team_id: PROJECT });
  });

  it.each([
    ['nothing', ''],
    ['no uuid', 'not-a-uuid'],
    ['the nil uuid', NIL],
    ['the nil uuid in braces', `{${NIL}}`],
    ['the nil uuid in 32 digits', NIL.replaceAll('-', '')],
    ['31 digits', PROJECT.replaceAll('-', '').slice(1)],
    ['a letter beyond f', PROJECT.replace('0f', '0g')],
    ['hyphens elsewhere', '0f8fad5bd-9cb-469f-a165-70867728950e'],
    ['some of the hyphens', PROJECT.replace('-', '')],
    ['half of the braces', `{${PROJECT}`],
    ['the other half', `${PROJECT}}`],
    ['braces around 32 digits', `{${PROJECT.replaceAll('-', '')}}`],
    ['a urn in braces', `urn:uuid:{${PROJECT}}`],
    ['a blank', ` ${PROJECT}`],
    ['a line break', `${PROJECT}\n`],
  ])('that is %s is refused, wherever it stands', (_what, uuid) => {
    for (const field of ['project_id', 'resource_id', 'team_id']) {
      const fields = [{ field, reason: 'must be a uuid other than nil' }];
      expect(() => read({ ...plain, [field]: uuid })).toThrow(expect.objectContaining({ fields }));
    }
  });

  it('a uuid is the same in every spelling', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.nat(3), fc.boolean(), (uuid, spelling, loud) => {
        const text = [uuid, `{${uuid}}`, `urn:uuid:${uuid}`, uuid.replaceAll('-', '')][spelling]!;
        expect(read({ ...plain, project_id: loud ? text.toUpperCase() : text }).account).toBe(
          `project:${uuid}`,
        );
      }),
    );
  });
});
