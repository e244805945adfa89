import { start } from './cli/start';

void start(process.argv.slice(2));
