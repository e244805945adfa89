import { quantityFromDouble, quantityRatio } from './quantity';
import { addRatios, maxRatio, multiplyRatios, ratio, type Ratio } from './ratio';

/** What somebody thinks of running: whole numbers but for the last two. Nothing is cut off and nothing refused below zero. */
export interface WorkloadSpecs {
  readonly replicas: number;
  readonly cpuMillicores: number;
  readonly memoryMb: number;
  readonly storageGb: number;
  readonly averageBuildMinutes: number;
}

/** What usage without a plan costs, in major units. */
export interface UnitPrices {
  readonly computeGbHour: Ratio;
  readonly buildMinute: Ratio;
  readonly storageGbMonth: Ratio;
}

/** Exact amounts in major units; nothing of an estimate is rounded (TR-13). */
export interface Estimate {
  readonly computeHourly: Ratio;
  readonly computeMonthly: Ratio;
  readonly storageMonthly: Ratio;
  readonly buildCostPerBuild: Ratio;
  readonly totalMonthly: Ratio;
}

/** A month of estimates has 30 days of 24 hours, as a GB-month has 720 GB-hours (TR-12). */
const HOURS_A_MONTH = ratio(720n);
/** And a build each day. */
const BUILDS_A_MONTH = ratio(30n);
const MB_A_GB = ratio(1n, 1024n);
const CORES_A_MILLICORE = ratio(1n, 1000n);

/** What a workload would cost a month at unit prices: compute and storage all the time, and 30 builds (W-37 … W-42). */
export function estimateMonth(specs: WorkloadSpecs, prices: UnitPrices): Estimate {
  const memory = multiplyRatios(exact(specs.memoryMb), MB_A_GB);
  const cores = multiplyRatios(exact(specs.cpuMillicores), CORES_A_MILLICORE);
  const gigabytes = multiplyRatios(maxRatio(memory, cores), exact(specs.replicas));
  const computeHourly = multiplyRatios(gigabytes, prices.computeGbHour);
  const computeMonthly = multiplyRatios(computeHourly, HOURS_A_MONTH);
  const storageMonthly = multiplyRatios(exact(specs.storageGb), prices.storageGbMonth);
  const buildCostPerBuild = multiplyRatios(exact(specs.averageBuildMinutes), prices.buildMinute);
  const builds = multiplyRatios(buildCostPerBuild, BUILDS_A_MONTH);
  const totalMonthly = addRatios(addRatios(computeMonthly, storageMonthly), builds);
  return { computeHourly, computeMonthly, storageMonthly, buildCostPerBuild, totalMonthly };
}

function exact(value: number): Ratio {
  return quantityRatio(quantityFromDouble(value));
}
