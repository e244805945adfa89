/** Half hours, three quarters of an hour, and a clock that is put forward by half an hour. */
export const ODD_ZONES = [
  'UTC',
  'America/New_York',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'America/St_Johns',
];

/** Forty zones: every hour of the day from the Line Islands to Samoa, and whatever is odd in between. */
export const FORTY_ZONES = [
  ...ODD_ZONES,
  ...[
    'Pacific/Pago_Pago',
    'Pacific/Honolulu',
    'Pacific/Marquesas',
    'America/Anchorage',
    'America/Los_Angeles',
  ],
  ...['America/Denver', 'America/Chicago', 'America/Mexico_City', 'America/Bogota', 'America/Caracas'],
  ...[
    'America/Santiago',
    'America/Sao_Paulo',
    'America/Asuncion',
    'Atlantic/South_Georgia',
    'Atlantic/Azores',
  ],
  ...['Africa/Casablanca', 'Europe/London', 'Europe/Dublin', 'Europe/Berlin', 'Africa/Cairo', 'Asia/Beirut'],
  ...['Europe/Moscow', 'Asia/Tehran', 'Asia/Dubai', 'Asia/Kabul', 'Asia/Karachi', 'Asia/Yangon'],
  ...['Asia/Jakarta', 'Australia/Eucla', 'Asia/Tokyo', 'Australia/Adelaide', 'Pacific/Auckland'],
  ...['Pacific/Chatham', 'Pacific/Kiritimati'],
];
