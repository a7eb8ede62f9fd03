//! What we rely on storage for, held against real MinIO and real versitygw. [`differences`] has what they answer otherwise.

/// The same test on each storage: `on_each_storage!(a_promise);` behind an `async fn a_promise(bucket: Bucket)`.
macro_rules! on_each_storage {
    ($case:ident) => {
        mod $case {
            use local_stack::S3Kind;

            use crate::storage::bucket::Bucket;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn minio() {
                super::$case(Bucket::on(S3Kind::Minio).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn versitygw() {
                super::$case(Bucket::on(S3Kind::Versitygw).await).await;
            }
        }
    };
}

pub(crate) mod bucket;
mod bucket_rules;
mod differences;
mod downloads;
mod multipart;
mod part_urls;
mod single;
