import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The kernel counts in ticks of 10 ms on every Linux that Node runs on. */
const MS_PER_TICK = 10;
const IDLE_SHARE = 0.85;

/** Milliseconds of processor time of one process, all threads, user and system; 0 when it has gone. */
export function cpuOfProcess(pid) {
  const fields = statOf(pid);
  return fields ? (fields.user + fields.system) * MS_PER_TICK : 0;
}

/** The same of a process and its children, those included that have ended and were waited for. */
export function cpuOfFamily(pid) {
  const own = statOf(pid);
  if (!own) return 0;
  const ended = (own.endedUser + own.endedSystem) * MS_PER_TICK;
  const alive = childrenOf(pid).reduce((sum, child) => sum + cpuOfProcess(child), 0);
  return cpuOfProcess(pid) + ended + alive;
}

/** Waits until the machine is at least 85 % idle, at most so many seconds; other work must not be measured as ours. */
export async function untilIdle(seconds) {
  const deadline = performance.now() + seconds * 1000;
  while (performance.now() < deadline) {
    const before = machineTicks();
    await sleep(400);
    const after = machineTicks();
    if ((after.idle - before.idle) / (after.total - before.total) >= IDLE_SHARE) return;
  }
}

function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [user, system, endedUser, endedSystem] = fields.slice(11, 15).map(Number);
    return { user, system, endedUser, endedSystem };
  } catch {
    return null;
  }
}

function childrenOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return [];
  }
}

function machineTicks() {
  const ticks = readFileSync('/proc/stat', 'utf8').split('\n')[0].trim().split(/\s+/).slice(1).map(Number);
  return { idle: ticks[3] + ticks[4], total: ticks.slice(0, 8).reduce((sum, value) => sum + value, 0) };
}
