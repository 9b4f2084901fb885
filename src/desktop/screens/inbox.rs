//! 受信: what came in.

use super::mailbox::List;
use crate::desktop::widgets::Filter;
use crate::engine::model::State;
use crate::words::window as w;

pub(in crate::desktop) const LIST: List = List {
    id: "tayori-inbox",
    incoming: true,
    sorted: true,
    filters: &[
        Filter { name: w::filter_all, holds: |_| true },
        Filter { name: w::filter_unread, holds: |line| line.unread },
        Filter { name: w::filter_open, holds: |line| line.state == State::Arrived },
    ],
    title: w::inbox,
    empty: w::inbox_empty,
    empty_hint: w::inbox_empty_hint,
};
