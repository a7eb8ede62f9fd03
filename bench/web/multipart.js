// S3's multipart calls, and a PUT of a Blob, as the peers need them.

export async function create(signer, key) {
  const answer = await fetch(await signer.url('POST', key, { uploads: '' }), { method: 'POST' });
  if (!answer.ok) throw new Error(`create: ${answer.status} ${await answer.text()}`);
  return /<UploadId>([^<]+)</.exec(await answer.text())[1];
}

export async function complete(signer, key, uploadId, parts) {
  const rows = [...parts]
    .sort((a, b) => a.PartNumber - b.PartNumber)
    .map(({ PartNumber, ETag }) => `<Part><PartNumber>${PartNumber}</PartNumber><ETag>${ETag}</ETag></Part>`);
  const body = `<CompleteMultipartUpload>${rows.join('')}</CompleteMultipartUpload>`;
  const answer = await fetch(await signer.url('POST', key, { uploadId }), { method: 'POST', body });
  const text = await answer.text();
  if (!answer.ok || text.includes('<Error>')) throw new Error(`complete: ${answer.status} ${text}`);
}

export function put(url, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open('PUT', url);
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.onload = () => (xhr.status === 200 ? resolve(xhr.getResponseHeader('ETag')) : reject(new Error(`PUT ${xhr.status} ${xhr.responseText}`)));
    xhr.onerror = () => reject(new Error('PUT: network'));
    xhr.send(body);
  });
}

/** Runs `work` over the items, so many at once. */
export async function inLanes(items, lanes, work) {
  let next = 0;
  const lane = async () => {
    while (next < items.length) await work(items[next++]);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
