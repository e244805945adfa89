-- wrk script: a fresh event, or a fresh batch of them, for each request. One thread; settings come as environment
-- variables, see harness/http-load.mjs. The event is that of harness/events.mjs.
local ffi = require('ffi')
ffi.cdef [[
  typedef struct { long seconds; long micros; } bench_time;
  int gettimeofday(bench_time *now, void *zone);
]]
local clock = ffi.new('bench_time')

local function list(name)
  local items = {}
  for item in os.getenv(name):gmatch('[^,]+') do items[#items + 1] = item end
  return items
end

local METERS, SOURCES, TIME = list('BENCH_METERS'), list('BENCH_SOURCES'), list('BENCH_TIME')
local TIME_FROM, TIME_SPAN, TIME_STEP, LATE = tonumber(TIME[1]), tonumber(TIME[2]), tonumber(TIME[3]), tonumber(TIME[4])
local ACCOUNTS = tonumber(os.getenv('BENCH_ACCOUNTS'))
local PATH = os.getenv('BENCH_PATH')
local BATCH = tonumber(os.getenv('BENCH_BATCH'))
local IDS = os.getenv('BENCH_IDS')
local ONE_ACCOUNT = os.getenv('BENCH_ONE_ACCOUNT') == '1'
local FIXED = os.getenv('BENCH_FIXED') == '1'
local SHAPE = os.getenv('BENCH_SHAPE')
local HEADERS = { ['Content-Type'] = 'application/json', ['X-Api-Key'] = os.getenv('BENCH_KEY') }

local random, floor, format = math.random, math.floor, string.format

local function seed()
  local file = io.open('/dev/urandom', 'rb')
  local value = 0
  for byte in file:read(6):gmatch('.') do value = value * 256 + byte:byte() end
  file:close()
  math.randomseed(value)
end
seed()

local count = 0
local run = format('%03x-8%03x', random(0, 4095), random(0, 4095))

-- Unique by the counter; a UUIDv7 begins with the time, the other kind has nothing but chance in it.
local function id()
  count = count + 1
  if IDS == 'v4' then
    return format('%08x-%04x-4%03x-8%03x-%06x%06x', random(0, 4294967295), random(0, 65535), random(0, 4095),
      random(0, 4095), random(0, 16777215), random(0, 16777215))
  end
  ffi.C.gettimeofday(clock, nil)
  local ms = tonumber(clock.seconds) * 1000 + floor(tonumber(clock.micros) / 1000)
  return format('%08x-%04x-7%s-%012x', floor(ms / 65536), ms % 65536, run, count)
end

local passed = random() * TIME_SPAN

-- Time advances with each event and begins again at the end; an event is up to a minute late.
local function moment()
  passed = (passed + TIME_STEP) % TIME_SPAN
  local at = floor(TIME_FROM + passed - random() * LATE)
  return os.date('!%Y-%m-%dT%H:%M:%S', floor(at / 1000)) .. format('.%03dZ', at % 1000)
end

local function skewed()
  local u = random()
  return floor(ACCOUNTS * u * u)
end

local function event(account)
  return '{"id":"' .. id() .. '","source":"' .. SOURCES[random(#SOURCES)] .. '","type":"' .. METERS[random(#METERS)]
    .. '","account":"org:org-' .. format('%06d', account) .. '","quantity":"' .. random(0, 99) .. '.' .. random(100, 999)
    .. '","occurred_at":"' .. moment() .. '","properties":{"region":"eu-west-1","host":"node-'
    .. random(0, 99) .. '","trace":"a1b2c3d4e5f6","zone":"b","v":3}}'
end

local function batch()
  local events, account = {}, random(0, ACCOUNTS - 1)
  for i = 1, BATCH do events[i] = event(ONE_ACCOUNT and account or skewed()) end
  return '{"events":[' .. table.concat(events, ',') .. ']}'
end

-- The same use as a question: may it be counted? Its id goes into a header.
local function consumption(account)
  HEADERS['Idempotency-Key'] = id()
  return '{"account":"org:org-' .. format('%06d', account) .. '","items":[{"meter":"' .. METERS[random(#METERS)]
    .. '","quantity":"' .. random(0, 99) .. '.' .. random(100, 999) .. '","properties":{"region":"eu-west-1","host":"node-'
    .. random(0, 99) .. '","trace":"a1b2c3d4e5f6","zone":"b","v":3}}]}'
end

-- And as Scorpius tells it: whole units of a feature.
local function tracked(account)
  HEADERS['Idempotency-Key'] = id()
  return '{"org_id":"org-' .. format('%06d', account) .. '","feature":"' .. METERS[random(#METERS)]
    .. '","quantity":' .. random(1, 99) .. ',"metadata":{"contract":"a1b2c3d4e5f6","chain":"main","v":3}}'
end

local SHAPES = { event = event, consume = consumption, track = tracked }

local function body()
  if BATCH > 1 then return batch() end
  return SHAPES[SHAPE](ONE_ACCOUNT and 0 or skewed())
end

-- Made on first use: before that wrk does not know the host yet.
local same

function request()
  local made = same or wrk.format('POST', PATH, HEADERS, body())
  if FIXED then same = made end
  return made
end

function done(summary, latency)
  local errors = summary.errors
  io.write(format('\nRESULT {"requests":%d,"seconds":%.6f,"p50":%.3f,"p95":%.3f,"p99":%.3f,"errors":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000,
    latency:percentile(95) / 1000, latency:percentile(99) / 1000, errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
