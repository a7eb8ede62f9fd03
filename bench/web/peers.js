// The bench page's one entry: runs a peer on the picked files and tells how long it took.
import { bare, hashWasm, hashWasmSpeed, readOnce } from './bare/bare.js';
import { Signer } from './sign.js';
import { uppy5 } from './uppy5/uppy5.js';
import { uppy6 } from './uppy6/uppy6.js';
import { ourSpeed, ourWorkerSpeed } from './worker.js';

const PEERS = { bare, readOnce, hashWasm, uppy5, uppy6 };

/** The first request that carried a part, in milliseconds after `start`. */
function firstPut(start, bucket) {
  const puts = performance
    .getEntriesByType('resource')
    .filter((entry) => entry.startTime >= start && entry.name.includes(`/${bucket}/`) && !entry.name.includes('uploads='));
  return puts.length > 0 ? Math.min(...puts.map((entry) => entry.startTime)) - start : null;
}

async function run(store, peer, prefix, options) {
  performance.clearResourceTimings();
  performance.setResourceTimingBufferSize(100_000);
  const files = [...document.querySelector('input').files];
  const signer = new Signer(store);
  const start = performance.now();
  await PEERS[peer](signer, prefix, files, options);
  return { ms: performance.now() - start, firstPutMs: firstPut(start, store.bucket) };
}

window.bench = { run, hashWasmSpeed, ourSpeed, ourWorkerSpeed };
