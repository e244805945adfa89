import fc from 'fast-check';
import { SEED } from './seed';

// Every property of the suite draws from the one seed; a failure prints it, with the path to the counterexample.
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: SEED });
