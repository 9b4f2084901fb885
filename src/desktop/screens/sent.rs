//! 送信済: what went out, and how far it got.

use super::mailbox::List;
use crate::desktop::widgets::Filter;
use crate::engine::model::State;
use crate::words::window as w;

pub(in crate::desktop) const LIST: List = List {
    id: "tayori-sent",
    incoming: false,
    sorted: false,
    filters: &[
        Filter { name: w::filter_all, holds: |_| true },
        Filter {
            name: w::filter_under_way,
            holds: |line| matches!(line.state, State::Accepted | State::Waiting { .. }),
        },
        Filter { name: w::filter_failed, holds: |line| matches!(line.state, State::Failed(_) | State::Refused(_)) },
    ],
    title: w::sent,
    empty: w::sent_empty,
    empty_hint: w::sent_empty_hint,
};
