use super::*;

#[test]
fn all_that_is_wrong_with_settings_is_told_at_once() {
    let wrong = LinkSettings::of_text(
        "join = 1.5\nreview = 0\nblock_max = 1\n[fields]\nshoe = \"size\"\n\"Big One\" = \"phone\"\n",
    );
    let wrong = wrong.unwrap_err();
    for part in [
        "join must be a probability",
        "review must be a probability",
        "block_max must be a number from 2 to 10000",
        "fields.shoe: size is no kind of field: full_name",
        "fields.Big One: a field is named in small letters",
    ] {
        assert!(wrong.contains(part), "{part}: {wrong}");
    }
    assert!(
        LinkSettings::of_text("join = 0.2\nreview = 0.5")
            .unwrap_err()
            .contains("review must not be above join")
    );
    assert!(LinkSettings::of_text("joins = 0.2").unwrap_err().contains("joins"));
}

#[test]
fn a_field_of_the_settings_stands_beside_the_usual_ones_or_for_one() {
    let settings = LinkSettings::of_text("[fields]\nmember_no = \"identifier\"\nname = \"surname\"\n").unwrap();
    let known = settings.known();
    let kind = |name: &str| {
        known
            .iter()
            .filter(|field| field.name == name)
            .map(|field| field.kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(kind("member_no"), [matching::Kind::Identifier]);
    assert_eq!(kind("name"), [matching::Kind::Surname]);
    assert_eq!(kind("phone"), [matching::Kind::Phone]);
}

#[test]
fn a_file_by_which_nobody_can_be_told_apart_is_refused() {
    let settings = LinkSettings::default();
    let known = settings.known();
    let names: Vec<&str> = known
        .iter()
        .map(|field| field.name.as_str())
        .chain([fields::ID])
        .collect();
    let plan = |headers: &[&str]| {
        let headers: Vec<String> = headers.iter().map(|header| (*header).to_owned()).collect();
        Plan::of(&headers, &known, &names, Wishes::default()).map_err(|fault| fault.to_string())
    };
    assert!(
        plan(&["id", "name", "gender"])
            .unwrap_err()
            .contains("at least two of name")
    );
    assert_eq!(plan(&["id", "name", "gender", "phone"]).unwrap().fields.len(), 3);
}
