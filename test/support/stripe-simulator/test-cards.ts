/** How a card behaves when it is charged; Stripe publishes these cards for tests. */
export interface TestCard {
  readonly last4: string;
  readonly brand: string;
  /** Refused at once, also when it is attached. */
  readonly declinedAlways?: string;
  /** Attaches, but every charge is refused. */
  readonly declinedOnCharge?: string;
  readonly needsAction?: boolean;
  /** Every charge is disputed at once. */
  readonly disputed?: boolean;
}

const VISA: TestCard = { last4: '4242', brand: 'visa' };

const BY_NAME: Record<string, TestCard> = {
  pm_card_visa: VISA,
  pm_card_mastercard: { last4: '4444', brand: 'mastercard' },
  pm_card_amex: { last4: '0005', brand: 'amex' },
  pm_card_chargeDeclined: { last4: '0002', brand: 'visa', declinedAlways: 'generic_decline' },
  pm_card_chargeDeclinedInsufficientFunds: {
    last4: '9995',
    brand: 'visa',
    declinedAlways: 'insufficient_funds',
  },
  pm_card_chargeCustomerFail: { last4: '0341', brand: 'visa', declinedOnCharge: 'generic_decline' },
  pm_card_authenticationRequired: { last4: '3184', brand: 'visa', needsAction: true },
  pm_card_createDispute: { last4: '0259', brand: 'visa', disputed: true },
};

const BY_NUMBER: Record<string, keyof typeof BY_NAME> = {
  '4242424242424242': 'pm_card_visa',
  '5555555555554444': 'pm_card_mastercard',
  '4000000000000002': 'pm_card_chargeDeclined',
  '4000000000009995': 'pm_card_chargeDeclinedInsufficientFunds',
  '4000000000000341': 'pm_card_chargeCustomerFail',
  '4000002760003184': 'pm_card_authenticationRequired',
  '4000000000000259': 'pm_card_createDispute',
};

/** The card a name (`pm_card_visa`), a token (`tok_visa`) or a number stands for. */
export function testCard(text: string): TestCard | undefined {
  return BY_NAME[text] ?? BY_NAME[text.replace(/^tok_/, 'pm_card_')] ?? BY_NAME[BY_NUMBER[text] ?? ''];
}
