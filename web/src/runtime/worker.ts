// The worker's entry: all inference of a tab happens here.
import { hostInference } from './inferenceHost.ts';
import { browserEnvironment } from './loadModel.ts';
import type { RpcPort } from './rpc/messages.ts';

hostInference(globalThis as unknown as RpcPort, browserEnvironment());
