// The floor and the usual way: PUT of slices without any hash, and with hash-wasm's MD5.
import { createMD5 } from 'hash-wasm';

import { complete, create, inLanes, put } from '../multipart.js';

const READ = 4 << 20;

function cut(file, partSize) {
  const count = Math.max(1, Math.ceil(file.size / partSize));
  return Array.from({ length: count }, (_, index) => ({ number: index + 1, blob: file.slice(index * partSize, (index + 1) * partSize) }));
}

async function contentMd5(blob) {
  const hasher = await createMD5();
  hasher.init();
  for (let at = 0; at < blob.size; at += READ) hasher.update(new Uint8Array(await blob.slice(at, at + READ).arrayBuffer()));
  return btoa(String.fromCharCode(...hasher.digest('binary')));
}

const itself = (blob) => blob;

async function one(signer, key, file, { partSize, lanes, headersOf, bodyOf = itself }) {
  if (file.size <= partSize) return put(await signer.url('PUT', key), await bodyOf(file), await headersOf(file));
  const uploadId = await create(signer, key);
  const parts = [];
  await inLanes(cut(file, partSize), lanes, async ({ number, blob }) => {
    const headers = await headersOf(blob);
    const url = await signer.url('PUT', key, { partNumber: String(number), uploadId });
    parts.push({ PartNumber: number, ETag: await put(url, await bodyOf(blob), headers) });
  });
  return complete(signer, key, uploadId, parts);
}

async function all(signer, prefix, files, options) {
  if (files.length === 1) return one(signer, `${prefix}-0`, files[0], options);
  const jobs = files.map((file, index) => ({ file, key: `${prefix}-${index}` }));
  return inLanes(jobs, options.lanes, ({ file, key }) => one(signer, key, file, { ...options, lanes: 1 }));
}

export const bare = (signer, prefix, files, options) => all(signer, prefix, files, { ...options, headersOf: async () => ({}) });

/** Each part is read once, into memory, and sent from there: what a page would do that hashes what it then sends. */
export const readOnce = (signer, prefix, files, options) =>
  all(signer, prefix, files, {
    ...options,
    headersOf: async () => ({}),
    bodyOf: async (blob) => new Blob([await blob.arrayBuffer()]),
  });

export const hashWasm = (signer, prefix, files, options) =>
  all(signer, prefix, files, { ...options, headersOf: async (blob) => ({ 'Content-MD5': await contentMd5(blob) }) });

/** MD5 of bytes in memory, in MiB/s. */
export async function hashWasmSpeed(mib) {
  const bytes = new Uint8Array(READ).map((_, index) => index);
  const hasher = await createMD5();
  hasher.init();
  const start = performance.now();
  for (let done = 0; done < mib; done += READ >> 20) hasher.update(bytes);
  hasher.digest();
  return mib / ((performance.now() - start) / 1000);
}
