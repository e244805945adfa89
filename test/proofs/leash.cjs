/** `node -r` this file: the process ends when the one that started it does, however that went. */
process.stdin.on('end', () => process.exit(1));
process.stdin.resume();
