import { createReadStream, createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { parse } from 'csv-parse';
import { dice } from './events.mjs';

const ID = 'Id';
const SYNTHETIC_ROWS = 1000;
const SUB_ACCOUNTS = 50;
const PRICES = 200;

/** The rows to repeat: those of FOCUS_FILE, or synthetic ones when it is not set. */
export async function focusRows(file) {
  if (!file) return syntheticRows();
  const rows = [];
  for await (const row of createReadStream(file).pipe(parse({ columns: true, bom: true }))) rows.push(row);
  if (rows.length === 0 || !(ID in rows[0])) throw new Error(`${file} is no FOCUS file with a column ${ID}`);
  return rows;
}

/** Writes `count` rows, the given ones over and over, each under an id of its own. */
export async function writeFocusFile({ path, rows, count, firstId }) {
  const columns = Object.keys(rows[0]);
  const file = createWriteStream(path);
  file.write(`${columns.map(quoted).join(',')}\n`);
  for (let i = 0; i < count; i++) {
    const row = { ...rows[i % rows.length], [ID]: String(firstId + i) };
    if (!file.write(`${columns.map((name) => quoted(row[name])).join(',')}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
}

const quoted = (text) => (text === 'NULL' ? text : `"${text.replaceAll('"', '""')}"`);

/** Usage of a few hundred prices by some sub-accounts, hour by hour through one month; list cost = quantity × price. */
function syntheticRows() {
  const roll = dice(41);
  return Array.from({ length: SYNTHETIC_ROWS }, (_, i) => {
    const price = Math.floor(roll() * PRICES);
    const quantity = Math.floor(roll() * 100_000);
    const hour = Date.UTC(2024, 8, 1 + Math.floor(roll() * 30), Math.floor(roll() * 24));
    return syntheticRow({ id: i, price, quantity, hour, account: Math.floor(SUB_ACCOUNTS * roll() ** 2) });
  });
}

function syntheticRow({ id, price, quantity, hour, account }) {
  const instant = (at) => new Date(at).toISOString().slice(0, 19).replace('T', ' ');
  const cost = (BigInt(quantity) * BigInt(price + 1)).toString().padStart(10, '0');
  const listCost = `${cost.slice(0, -9)}.${cost.slice(-9)}`;
  return {
    BilledCost: listCost,
    BillingAccountId: '1000000000001',
    BillingAccountName: 'Example',
    BillingCurrency: 'USD',
    BillingPeriodEnd: '2024-10-01 00:00:00',
    BillingPeriodStart: '2024-09-01 00:00:00',
    ChargeCategory: 'Usage',
    ChargeClass: 'NULL',
    ChargeDescription: `Usage of price ${price}`,
    ChargeFrequency: 'Usage-Based',
    ChargePeriodEnd: instant(hour + 3_600_000),
    ChargePeriodStart: instant(hour),
    ConsumedQuantity: `${quantity}.000000000000000`,
    ConsumedUnit: 'Requests',
    ContractedCost: listCost,
    ContractedUnitPrice: 'NULL',
    EffectiveCost: listCost,
    InvoiceIssuerName: 'Example Cloud',
    ListCost: listCost,
    ListUnitPrice: `0.${String(price + 1).padStart(9, '0')}`,
    PricingCategory: 'Standard',
    PricingQuantity: `${quantity}.00000000000`,
    PricingUnit: 'Requests',
    ProviderName: 'Example Cloud',
    PublisherName: 'Example Cloud',
    RegionId: 'region-1',
    RegionName: 'Region 1',
    ResourceId: `resource-${price}`,
    ResourceName: 'NULL',
    ResourceType: 'NULL',
    ServiceCategory: 'Compute',
    [ID]: String(id),
    ServiceName: `Service ${price % 20}`,
    SkuId: `SKU${price}`,
    SkuPriceId: `SKU${price}.PRICE`,
    SubAccountId: String(2_000_000_000 + account),
    SubAccountName: `Sub account ${account}`,
    Tags: 'NULL',
  };
}
