//! The fields of a value, taken from what its `Debug` prints: a derived one has a line for each.

use std::fmt;

use super::Fields;

/// The fields of a value by their paths, `reading.celsius` or `[3].celsius`. One with an empty path where it has no
/// fields, or where its `Debug` is of a form that is not a derived one's.
pub(super) fn of(value: &impl fmt::Debug) -> Fields {
    parse(&format!("{value:#?}")).unwrap_or_else(|| vec![(String::new(), format!("{value:?}"))])
}

/// What is open around a line.
struct Open {
    path: String,
    /// The next element's number, where elements have no names.
    element: usize,
}

fn parse(printed: &str) -> Option<Fields> {
    let mut lines = printed.lines();
    let first = lines.next()?;
    opening(first)?;
    let mut fields = Fields::new();
    let mut open = vec![Open {
        path: String::new(),
        element: 0,
    }];
    for line in lines {
        let line = line.trim_start();
        let line = line.strip_suffix(',').unwrap_or(line);
        if matches!(line, "}" | "]" | ")") {
            open.pop()?;
            continue;
        }
        let around = open.last_mut()?;
        let (path, value) = match named(line) {
            Some((name, value)) if around.path.is_empty() => (name.to_owned(), value),
            Some((name, value)) => (format!("{}.{name}", around.path), value),
            None => {
                let path = format!("{}[{}]", around.path, around.element);
                around.element += 1;
                (path, line)
            }
        };
        if opening(value).is_some() {
            open.push(Open { path, element: 0 });
        } else {
            fields.push((path, value.to_owned()));
        }
    }
    (open.is_empty() && !fields.is_empty()).then_some(fields)
}

/// Whether more lines belong to what begins here.
fn opening(value: &str) -> Option<()> {
    let begins = value.ends_with(['{', '[', '(']) && !value.starts_with(['"', '\'']);
    begins.then_some(())
}

fn named(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(": ")?;
    let is_name = |character: char| character.is_alphanumeric() || character == '_';
    (name.chars().all(is_name) && !name.is_empty()).then_some((name, value))
}

/// All fields in one line again. Those of an array of structs are told with their paths.
pub(super) fn in_a_line(type_name: &str, fields: &Fields) -> String {
    if let [(path, value)] = &fields[..]
        && path.is_empty()
    {
        return value.clone();
    }
    let is_array = fields.iter().all(|(path, _)| {
        path.strip_prefix('[')
            .is_some_and(|rest| rest.find(']') == Some(rest.len() - 1))
    });
    if is_array {
        let values: Vec<&str> = fields.iter().map(|(_, value)| &**value).collect();
        return format!("{type_name}[{}]", values.join(", "));
    }
    let fields: Vec<String> = fields
        .iter()
        .map(|(path, value)| format!("{path}: {value}"))
        .collect();
    let fields = format!("{{ {} }}", fields.join(", "));
    if type_name.is_empty() {
        fields
    } else {
        format!("{type_name} {fields}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[allow(dead_code, reason = "read by `Debug`")]
    struct Inner {
        celsius: i16,
        text: &'static str,
    }

    #[derive(Debug)]
    #[allow(dead_code, reason = "read by `Debug`")]
    struct Outer {
        count: u32,
        inner: Inner,
        list: [u8; 2],
        pairs: [(u8, u8); 1],
    }

    fn paths(value: &impl fmt::Debug) -> Vec<String> {
        let fields = of(value);
        let line = |(path, value): (String, String)| format!("{path}={value}");
        fields.into_iter().map(line).collect()
    }

    #[test]
    fn fields_have_paths() {
        let outer = Outer {
            count: 7,
            inner: Inner {
                celsius: -3,
                text: "a: {",
            },
            list: [1, 2],
            pairs: [(3, 4)],
        };
        assert_eq!(
            paths(&outer),
            [
                "count=7",
                "inner.celsius=-3",
                "inner.text=\"a: {\"",
                "list[0]=1",
                "list[1]=2",
                "pairs[0][0]=3",
                "pairs[0][1]=4"
            ]
        );
        assert_eq!(paths(&[5, 6]), ["[0]=5", "[1]=6"]);
    }

    #[test]
    fn a_value_without_fields_has_an_empty_path() {
        assert_eq!(paths(&7), ["=7"]);
        assert_eq!(paths(&()), ["=()"]);
        let none: [u8; 0] = [];
        assert_eq!(paths(&none), ["=[]"]);
    }

    #[test]
    fn fields_make_a_line() {
        assert_eq!(in_a_line("", &of(&[5, 6])), "[5, 6]");
        let inner = Inner {
            celsius: 1,
            text: "x",
        };
        assert_eq!(
            in_a_line("Inner", &of(&inner)),
            "Inner { celsius: 1, text: \"x\" }"
        );
    }
}
