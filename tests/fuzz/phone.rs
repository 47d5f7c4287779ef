//! A phone number as a user types it. An accepted number is `+1` and the ten digits that the user typed. It belongs to
//! the United States or Canada, and reads back as the same.

use std::sync::LazyLock;

use shared::{
    base::settings::Settings,
    proof::phone::{PhoneNumber, Regions, Unsupported},
};

static REGIONS: LazyLock<[Regions; 2]> = LazyLock::new(|| {
    ["US,CA", "US,CA,AS,GU,MP,PR,VI"]
        .map(|names| Regions::new(&Settings::from_iter([("MFA_TEXT_REGIONS", names)])).unwrap())
});

/// Area codes of `+1`: other countries, territories of the United States, and no place, such as toll-free and premium
/// numbers.
const ELSEWHERE: [&str; 21] = [
    "242", "246", "264", "268", "284", "345", "441", "473", "649", "658", "664", "721", "758", "767", "784", "809",
    "829", "849", "868", "869", "876",
];
const TERRITORIES: [&str; 6] = ["340", "670", "671", "684", "787", "939"];
const NOWHERE: [&str; 11] = ["500", "533", "600", "700", "800", "833", "844", "855", "866", "877", "900"];

/// Checks a phone number.
pub fn check(data: &[u8]) {
    let Ok(typed) = std::str::from_utf8(data) else { return };
    let [narrow, wide] = REGIONS.each_ref().map(|regions| PhoneNumber::parse(typed, regions));
    if let Ok(number) = &wide {
        holds(typed, number);
    }
    match (&narrow, &wide) {
        (Ok(narrow), Ok(wide)) => {
            assert_eq!(narrow, wide);
            assert!(!TERRITORIES.contains(&&narrow.e164()[2..5]), "{typed}");
        }
        // If only the narrow regions refuse a number, it is a territory's, and the reason says so.
        (Err(why), Ok(number)) => {
            assert_eq!(*why, Unsupported::Country);
            assert!(TERRITORIES.contains(&&number.e164()[2..5]), "{typed}");
        }
        // A territory's number can also be of a kind that takes no texts. Both reasons are true.
        (Err(Unsupported::Country), Err(Unsupported::Invalid)) => {}
        (narrow, wide) => assert_eq!(narrow, wide),
    }
}

fn holds(typed: &str, number: &PhoneNumber) {
    let e164 = number.e164();
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(e164, format!("+{digits}"));
    assert!(typed.starts_with('+') && digits.len() == 11 && digits.starts_with('1'), "{typed}");
    assert!(typed[1..].bytes().all(|byte| byte.is_ascii_digit() || b" .-()".contains(&byte)), "{typed}");
    // An area code and an exchange begin with 2 to 9.
    assert!([2, 5].into_iter().all(|place| e164.as_bytes()[place] >= b'2'), "{typed}");
    assert!(!ELSEWHERE.contains(&&e164[2..5]) && !NOWHERE.contains(&&e164[2..5]), "{typed}");

    assert_eq!(PhoneNumber::parse(e164, &REGIONS[1]).as_ref(), Ok(number));
    assert_eq!(PhoneNumber::kept(e164.as_bytes()).as_ref(), Some(number));
    assert_eq!(number.hint(), format!("+1 ••• ••• {}", &e164[8..]));
    assert_eq!(number.exchange(), &e164[..8]);
    assert_eq!(format!("{number:?}"), "[redacted]");
}
