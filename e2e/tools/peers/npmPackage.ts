/** Packages of peers, installed on demand from npm. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../wasmBuilds.ts';
import { readCommand } from './command.ts';

const installed = join(repositoryRoot, 'build/peers/npm');

export function packageFolder(name: string): string {
  return join(installed, 'node_modules', name);
}

export function installPackage(name: string, version: string): void {
  if (existsSync(join(packageFolder(name), 'package.json'))) return;
  console.log(`Installing ${name} ${version} into build/peers`);
  mkdirSync(installed, { recursive: true });
  const manifest = join(installed, 'package.json');
  if (!existsSync(manifest)) writeFileSync(manifest, '{ "private": true }\n');
  const options = ['--no-audit', '--no-fund', '--ignore-scripts'];
  const wanted = `${name}@${version}`;
  readCommand('npm', ['install', '--silent', ...options, wanted], { cwd: installed });
}
