// Uppy 6 with @uppy/aws-s3 6.3: its defaults, or our part size.
import AwsS3 from '@uppy/aws-s3';
import Uppy from '@uppy/core';

export async function uppy6(signer, prefix, files, { partSize }) {
  const uppy = new Uppy({ autoProceed: false });
  uppy.use(AwsS3, {
    ...(partSize ? { getChunkSize: () => partSize } : {}),
    generateObjectKey: (file) => `${prefix}-${file.meta.index}`,
    signRequest: async ({ method, key, uploadId, partNumber }) => {
      const query = method === 'POST' && !uploadId ? { uploads: '' } : {};
      if (uploadId) query.uploadId = uploadId;
      if (partNumber) query.partNumber = String(partNumber);
      return { url: await signer.url(method, key, query) };
    },
  });
  uppy.addFiles([...files].map((data, index) => ({ name: data.name, data, meta: { index } })));
  const result = await uppy.upload();
  if (result.failed.length > 0) throw new Error(`Uppy 6: ${result.failed[0].error}`);
  uppy.destroy();
}
