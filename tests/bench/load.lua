-- What wrk sends: one CloudEvent a request, each with an id of its own.
--
--   wrk ... -s load.lua URL -- KIND TOKEN RUN [EVENTS_A_SECOND]
--
-- KIND "received": every event opens a contact of its own. KIND "life": each contact is received,
-- answered and resolved, in turn, APART contacts between one event of a contact and its next.
-- Without a rate every connection sends as soon as it has its answer.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } bench_instant;
  int clock_gettime(int clock, bench_instant *instant);
]]
local MONOTONIC = 1
local APART = 1000
local CUSTOMERS = 5000
local STEPS = { "received", "answered", "resolved" }
local DATA = {
  received = '"direction":"inbound"',
  answered = '"agent":"agent-%04d"',
  resolved = '"outcome":"done"',
}
local EVENT = '{"specversion":"1.0","id":"%s-%03d-%09d","source":"bench-telephony",'
  .. '"type":"contact.%s","time":"%s","subject":"call-%s-%03d-%09d",'
  .. '"datacontenttype":"application/json","data":{"channel":"phone","customer":"customer-%05d",'
  .. '"team":"team-%02d","queue":"queue-%02d","skill":"billing",'
  .. '"link":"https://telephony.example/calls/%s-%03d-%09d",%s}}'

local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local counter, kind, run, headers, due, interval = -1
local instant = ffi.new("bench_instant")
local second, written = -1, ""

local function monotonic()
  ffi.C.clock_gettime(MONOTONIC, instant)
  return tonumber(instant.seconds) + tonumber(instant.nanoseconds) / 1e9
end

local function now()
  local wall = os.time()
  if wall ~= second then
    second, written = wall, os.date("!%Y-%m-%dT%H:%M:%SZ", wall)
  end
  return written
end

-- Wait until it is this request's turn, in milliseconds.
local function turn()
  local at = monotonic()
  due = math.max(due or at, at - 0.5) + interval
  return math.max(0, (due - at) * 1000)
end

function init(arguments)
  kind, run = arguments[1], arguments[3]
  headers = "POST " .. wrk.path .. " HTTP/1.1\r\nHost: " .. wrk.host
    .. "\r\nAuthorization: Bearer " .. arguments[2]
    .. "\r\nContent-Type: application/cloudevents+json\r\nContent-Length: "
  local rate = tonumber(arguments[4] or 0)
  if rate > 0 then
    interval = 1 / rate
    delay = turn
  end
end

function request()
  counter = counter + 1
  local contact, step = counter, "received"
  if kind == "life" then
    local block, place = math.floor(counter / (3 * APART)), counter % (3 * APART)
    contact = block * APART + place % APART
    step = STEPS[math.floor(place / APART) + 1]
  end
  local data = DATA[step]:format(contact % 500)
  local body = EVENT:format(run, number, counter, step, now(), run, number, contact,
    contact % CUSTOMERS, contact % 40, contact % 40, run, number, contact, data)
  return headers .. #body .. "\r\n\r\n" .. body
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'DONE {"answers":%d,"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
