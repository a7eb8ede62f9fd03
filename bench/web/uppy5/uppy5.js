// Uppy 5 with @uppy/aws-s3 5.1: its defaults, or our part size.
import AwsS3 from '@uppy/aws-s3';
import Uppy from '@uppy/core';

import { complete, create } from '../multipart.js';

export async function uppy5(signer, prefix, files, { partSize }) {
  const uppy = new Uppy({ autoProceed: false });
  const keyOf = (file) => `${prefix}-${file.meta.index}`;
  uppy.use(AwsS3, {
    ...(partSize ? { getChunkSize: () => partSize } : {}),
    shouldUseMultipart: (file) => file.size > 100 * 2 ** 20,
    getUploadParameters: async (file) => ({ method: 'PUT', url: await signer.url('PUT', keyOf(file)), headers: {} }),
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
