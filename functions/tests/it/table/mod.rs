//! What we rely on the table for: on the one inside dev-server, and on DynamoDB Local.

mod cases;
mod journal;

use functions::app::App;
use functions::config::TableEndpoint;
use local_stack::DynamoDbLocal;

use crate::support::{Stack, own_tables};

/// Each case is a test on the embedded table, and all of them are one test on DynamoDB Local, which is slow to start.
macro_rules! on_both_tables {
    ($($module:ident :: $name:ident,)*) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$module::$name(&crate::support::Stack::start(|_| {}).await.app).await;
            })*
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn on_dynamodb_local() {
            let server = tokio::task::spawn_blocking(DynamoDbLocal::shared_or_start).await.unwrap().unwrap();
            $($module::$name(&app_on(&server).await).await;)*
        }
    };
}

on_both_tables! {
    cases::the_time_to_live_is_set,
    cases::making_the_table_again_does_no_harm,
    cases::an_item_is_put_once,
    cases::a_condition_that_does_not_hold_leaves_the_item,
    cases::of_two_hundred_at_once_three_pass_a_limit_of_three,
    cases::a_transaction_that_is_refused_leaves_nothing_behind,
    cases::a_conflict_is_tried_again,
    cases::endless_conflicts_end,
    cases::a_range_is_read_in_pages,
    cases::several_items_come_in_the_order_of_their_keys,
    cases::the_tables_are_apart_and_a_transaction_spans_them,
    cases::several_items_of_all_tables_come_in_the_order_of_their_keys,
    cases::an_item_of_another_release_is_an_error_and_left_alone,
    cases::a_list_leaves_out_items_of_another_release,
    cases::a_cursor_of_another_release_counts_as_none,
    cases::the_parallel_sum_never_passes_the_quota,
    cases::what_is_released_can_be_reserved_again,
    journal::numbers_have_no_gap_however_many_write_at_once,
    journal::a_refused_change_writes_no_events,
    journal::many_events_of_one_change_are_numbered_one_by_one,
}

/// Tables of its own on a server that others may share.
async fn app_on(server: &DynamoDbLocal) -> App {
    let endpoint = TableEndpoint::Url(server.endpoint().to_owned());
    let stack = Stack::start(|config| {
        config.table_endpoint = endpoint;
        config.tables = own_tables();
    });
    stack.await.app.clone()
}
