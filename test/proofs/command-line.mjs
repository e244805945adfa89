/** Reads `--name value` and bare `--name` (true); a name that is not among `defaults` ends the program. */
export function optionsOf(args, defaults) {
  const options = { ...defaults };
  for (let i = 0; i < args.length; i++) {
    const name = args[i].replace(/^--/, '').replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
    if (!args[i].startsWith('--') || !(name in defaults)) {
      console.error(`unknown: ${args[i]}; there is ${Object.keys(defaults).map(dashed).join(', ')}`);
      process.exit(2);
    }
    const fallback = defaults[name];
    if (typeof fallback === 'boolean') options[name] = true;
    else options[name] = typeof fallback === 'number' ? Number(args[++i]) : args[++i];
  }
  return options;
}

function dashed(name) {
  return '--' + name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A table a person reads; the JSON line after it is for whoever started this program. */
export function report(title, figures) {
  console.log(`\n${title}`);
  for (const [name, value] of Object.entries(figures)) {
    console.log(`  ${name.padEnd(28)} ${typeof value === 'object' ? JSON.stringify(value) : value}`);
  }
}
