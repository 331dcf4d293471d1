// What a test may do to a worker that was told it is tested (`?testing=true`): lose its device.

export const kTestChannel = 'tessera-testing';
export const kLoseDevice = 'lose device';

export function listenToTests(loseDevice: () => void): void {
  new BroadcastChannel(kTestChannel).onmessage = (event: MessageEvent<unknown>) => {
    if (event.data === kLoseDevice) loseDevice();
  };
}
