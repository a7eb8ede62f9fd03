//! What a first run waits for, and for how long: said before it begins.

use crate::native;

/// Something that is missing, and how long it takes to be there, on two cores.
#[derive(Debug)]
pub(crate) struct Missing {
    pub(crate) what: String,
    pub(crate) minutes: u32,
}

impl Missing {
    pub(crate) fn new(what: impl Into<String>, minutes: u32) -> Self {
        Self { what: what.into(), minutes }
    }
}

/// Prints what is missing, if anything is. The two lanes run side by side; what is compiled afterwards waits for both.
pub(super) fn print(lanes: [&[Missing]; 2], first_compile_minutes: u32) {
    let compile = if native::was_built() { 0 } else { first_compile_minutes };
    if let Some(text) = forecast(lanes, compile) {
        println!("{text}");
    }
}

fn forecast(lanes: [&[Missing]; 2], compile: u32) -> Option<String> {
    let list = |lane: &[Missing]| {
        let items: Vec<String> =
            lane.iter().map(|missing| format!("{} ({} min)", missing.what, missing.minutes)).collect();
        items.join(", ")
    };
    let minutes = |lane: &[Missing]| lane.iter().map(|missing| missing.minutes).sum::<u32>();
    let tools = lanes.map(minutes).into_iter().max().unwrap_or(0);
    let lists: Vec<String> = lanes.into_iter().filter(|lane| !lane.is_empty()).map(list).collect();
    let tools_line = (!lists.is_empty()).then(|| format!("    tools, once: {}\n", lists.join("; beside them ")));
    let compile_line = (compile > 0).then(|| format!("    Slipway and its libraries, compiled ({compile} min)\n"));
    if tools_line.is_none() && compile_line.is_none() {
        return None;
    }
    Some(format!(
        "First run: about {} min on two cores. It waits for\n{}{}    Later runs find all of it in target/.",
        tools + compile,
        tools_line.unwrap_or_default(),
        compile_line.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_run_side_by_side_and_the_compiler_after_them() {
        let cargo = [Missing::new("trunk 0.21", 3), Missing::new("wasm-bindgen 0.2", 4)];
        let text = forecast([&cargo, &[Missing::new("MinIO", 6)]], 5).unwrap();
        assert_eq!(
            text,
            "First run: about 12 min on two cores. It waits for\n    \
             tools, once: trunk 0.21 (3 min), wasm-bindgen 0.2 (4 min); beside them MinIO (6 min)\n    \
             Slipway and its libraries, compiled (5 min)\n    Later runs find all of it in target/."
        );
    }

    #[test]
    fn a_later_run_says_nothing() {
        assert_eq!(forecast([&[], &[]], 0), None);
    }
}
