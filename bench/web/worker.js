// Slipway's MD5 by itself: its wasm on bytes in memory, and its worker on a File or a Blob.

/** So many streams in step, on bytes in memory, in MiB/s. */
export async function ourSpeed(streams, mib) {
  const wasm = await import(new URL('hash_speed.js', document.baseURI).href);
  await wasm.default();
  wasm.hash(streams, 64);
  const start = performance.now();
  wasm.hash(streams, mib);
  return mib / ((performance.now() - start) / 1000);
}

/** The page's own worker, spoken to as the page does (wasm-client/src/hash/wire.rs), on parts of a file, in MiB/s. */
export async function ourWorkerSpeed(file, partSize) {
  const worker = new Worker('/hash-worker_loader.js', { type: 'module' });
  try {
    await answers(worker, 1, ([kind]) => kind === 0);
    worker.postMessage([0, 0, file]);
    const parts = Math.floor(file.size / partSize);
    // The first parts warm it up to eight at once.
    const warmUp = Math.min(8, parts);
    await hashParts(worker, 0, warmUp, partSize);
    const start = performance.now();
    await hashParts(worker, warmUp, parts, partSize);
    return ((parts - warmUp) * partSize) / 2 ** 20 / ((performance.now() - start) / 1000);
  } finally {
    worker.terminate();
  }
}

async function hashParts(worker, from, to, partSize) {
  const done = answers(worker, to - from, ([kind, job, digest]) => {
    if (kind === 3) throw new Error(`part ${job} could not be read`);
    return kind === 2 && digest.length === 16;
  });
  for (let part = from; part < to; part++) worker.postMessage([2, part, 0, part * partSize, partSize]);
  await done;
}

/** Resolves when so many messages were of the wanted kind. */
function answers(worker, count, isWanted) {
  return new Promise((resolve, reject) => {
    let left = count;
    worker.onerror = (event) => reject(new Error(`the worker failed: ${event.message}`));
    worker.onmessage = ({ data }) => {
      try {
        if (isWanted(data) && --left === 0) resolve();
      } catch (error) {
        reject(error);
      }
    };
  });
}
