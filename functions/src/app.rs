//! The application context of every call.

use std::sync::Arc;

use crate::aws;
use crate::clock::Clock;
use crate::config::Config;
use crate::faults::Faults;
use crate::storage::{Storage, StorageConfig};
use crate::table::Tables;
use crate::uploads::finisher::Finisher;

/// Configuration, table, storage and clock. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// As read from the environment.
    pub config: Arc<Config>,
    /// The three tables.
    pub tables: Tables,
    /// The one bucket.
    pub storage: Storage,
    /// The clock that records are dated by.
    pub clock: Clock,
    /// Completes uploads that do not fit into a call.
    pub finisher: Finisher,
    /// Fault injection for tests.
    pub faults: Faults,
}

impl App {
    /// Creates the clients, without network access.
    pub fn connect(config: Config) -> Self {
        let sdk = aws::sdk_config(&config);
        let storage = StorageConfig {
            bucket: config.bucket.clone(),
            endpoint: config.s3_endpoint.clone(),
            public_endpoints: config.s3_public_endpoints.clone(),
            upload_path: config.s3_upload_path.clone(),
            path_style: config.s3_path_style,
        };
        Self {
            tables: Tables::new(&sdk, &config.tables, &config.table_endpoint),
            storage: Storage::new(&sdk, &storage),
            clock: Clock::default(),
            finisher: Finisher::new(&sdk, config.finish_function.as_deref()),
            faults: Faults::default(),
            config: Arc::new(config),
        }
    }
}
