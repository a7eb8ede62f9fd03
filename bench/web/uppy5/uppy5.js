// Uppy 5 with @uppy/aws-s3 5.1: its defaults, our part size, or URLs of small files from a server.
import AwsS3 from '@uppy/aws-s3';
import Uppy from '@uppy/core';

import { complete, create } from '../multipart.js';

/** One call a file. */
async function signedByServer(key) {
  const response = await fetch(`/sign?key=${encodeURIComponent(key)}`);
  if (!response.ok) throw new Error(`the server that signs: ${response.status}`);
  return (await response.json()).url;
}

export async function uppy5(signer, prefix, files, { partSize, byServer }) {
  const uppy = new Uppy({ autoProceed: false });
  const keyOf = (file) => `${prefix}-${file.meta.index}`;
  const urlOf = (file) => (byServer ? signedByServer(keyOf(file)) : signer.url('PUT', keyOf(file)));
  uppy.use(AwsS3, {
    ...(partSize ? { getChunkSize: () => partSize } : {}),
    shouldUseMultipart: (file) => file.size > 100 * 2 ** 20,
    getUploadParameters: async (file) => ({ method: 'PUT', url: await urlOf(file), headers: {} }),
    createMultipartUpload: async (file) => ({ key: keyOf(file), uploadId: await create(signer, keyOf(file)) }),
    signPart: async (_, { key, uploadId, partNumber }) => ({ url: await signer.url('PUT', key, { partNumber: String(partNumber), uploadId }) }),
    listParts: async () => [],
    abortMultipartUpload: async () => {},
    completeMultipartUpload: async (_, { key, uploadId, parts }) => {
      await complete(signer, key, uploadId, parts);
      return { location: key };
    },
  });
  uppy.addFiles([...files].map((data, index) => ({ name: data.name, data, meta: { index } })));
  const result = await uppy.upload();
  if (result.failed.length > 0) throw new Error(`Uppy 5: ${result.failed[0].error}`);
  uppy.destroy();
}
