/** Runs a program to its end. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';

export interface CommandOptions {
  cwd?: string;
}

function check(
  result: SpawnSyncReturns<string | Buffer>,
  program: string,
  args: string[],
  said: string,
): void {
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${program} ${args.join(' ')} failed\n${said}`);
}

/** What it wrote to its standard output. Throws the end of what it complained of if it fails. */
export function readCommand(program: string, args: string[], options: CommandOptions = {}): string {
  const result = spawnSync(program, args, { ...options, encoding: 'utf8', maxBuffer: 2 ** 28 });
  check(result, program, args, result.error ? '' : result.stderr.slice(-2000));
  return result.stdout;
}

/** Lets the program write to the terminal. */
export function showCommand(program: string, args: string[], options: CommandOptions = {}): void {
  const result = spawnSync(program, args, { ...options, stdio: ['ignore', 'inherit', 'inherit'] });
  check(result, program, args, '');
}
