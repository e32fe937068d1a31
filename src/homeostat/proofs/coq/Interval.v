(** The sign of a polynomial on an interval, by the signs of its Bernstein coefficients. *)

From Coq Require Import QArith List Bool Lqa Lia Setoid.
From Homeostat Require Import Model Squares.
Import ListNotations.
Open Scope Q_scope.

(** A polynomial by its coefficients, from the constant upwards. *)
Fixpoint polynomial_at (p : list Q) (x : Q) : Q :=
  match p with [] => 0 | c :: p' => c + x * polynomial_at p' x end.

(** The same as a form in u and w: c_0 u^n + c_1 u^(n-1) w + .. + c_n w^n. *)
Fixpoint power_of (u : Q) (n : nat) : Q := match n with O => 1 | S n' => u * power_of u n' end.

Fixpoint form_at (u w : Q) (c : list Q) : Q :=
  match c with [] => 0 | a :: c' => a * power_of u (length c') + w * form_at u w c' end.

(** Times (a u + b w). *)
Definition times_line (a b : Q) (c : list Q) : list Q :=
  plus_row (times_row a c ++ [0]) (0 :: times_row b c).

(** (u + w)^n p((a u + b w) / (u + w)), and (u + w)^n; with u^n for an interval without end. *)
Fixpoint on_piece (a : Q) (b : option Q) (p : list Q) : list Q * list Q :=
  match p with
  | [] => ([], [1])
  | c :: p' =>
      let (total, power) := on_piece a b p' in
      let (b', s) := match b with Some b' => (b', 1) | None => (1, 0) end in
      (plus_row (times_line a b' total) (times_row c power), times_line 1 s power)
  end.

Definition positive_on (a : Q) (b : option Q) (p : list Q) : bool :=
  let c := fst (on_piece a b p) in
  forallb (Qle_bool 0) c && negb (Qle_bool (hd 0 c) 0) &&
  match b with Some b' => negb (Qle_bool b' a) && negb (Qle_bool (last c 0) 0) | None => true end.

Fixpoint positive_between (a : Q) (cuts : list Q) (b : option Q) (p : list Q) : bool :=
  match cuts with
  | [] => positive_on a b p
  | c :: cuts' => positive_on a (Some c) p && positive_between c cuts' b p
  end.

Local Arguments Qred : simpl never.

Lemma not_below (a b : Q) : negb (Qle_bool a b) = true -> b < a.
Proof.
  intros H. destruct (Qlt_le_dec b a) as [|L]; [assumption|].
  apply Qle_bool_iff in L. rewrite L in H. discriminate.
Qed.

Section Form.

Variables (u w : Q).

Lemma form_plus (c d : list Q) :
  length c = length d -> form_at u w (plus_row c d) == form_at u w c + form_at u w d.
Proof.
  revert d. induction c as [|a c IH]; intros [|b d] L; simpl in *; try discriminate; [ring|].
  assert (E : length (plus_row c d) = length d).
  { clear - L. injection L as L. revert d L. induction c; intros [|y d] L; simpl in *;
      try discriminate; auto. }
  rewrite E, IH by congruence. replace (length c) with (length d) by congruence.
  rewrite Qred_correct. ring.
Qed.

Lemma form_times (k : Q) (c : list Q) : form_at u w (times_row k c) == k * form_at u w c.
Proof.
  induction c as [|a c IH]; simpl; [ring|]. unfold times_row at 1. rewrite map_length, Qred_correct.
  fold (times_row k c). rewrite IH. ring.
Qed.

Lemma form_append (c : list Q) : form_at u w (c ++ [0]) == u * form_at u w c.
Proof.
  induction c as [|a c IH]; simpl; [ring|]. rewrite IH, app_length. simpl.
  replace (length c + 1)%nat with (S (length c)) by lia. simpl. ring.
Qed.

Lemma form_line (a b : Q) (c : list Q) :
  form_at u w (times_line a b c) == (a * u + b * w) * form_at u w c.
Proof.
  unfold times_line. rewrite form_plus.
  - rewrite form_append, form_times. simpl form_at. rewrite form_times. ring.
  - rewrite app_length. unfold times_row. simpl. rewrite !map_length. lia.
Qed.

Lemma length_plus (f g : list Q) : length f = length g -> length (plus_row f g) = length g.
Proof. revert g. induction f; intros [|y g] L; simpl in *; try discriminate; auto. Qed.

Lemma length_times (k : Q) (f : list Q) : length (times_row k f) = length f.
Proof. unfold times_row. apply map_length. Qed.

Lemma length_line (a b : Q) (c : list Q) : length (times_line a b c) = S (length c).
Proof.
  unfold times_line. rewrite length_plus; simpl; rewrite ?app_length, !length_times; simpl; lia.
Qed.

Lemma power_positive (n : nat) : 0 < u -> 0 < power_of u n.
Proof. intros. induction n; simpl; [lra|nra]. Qed.

Lemma power_nonneg (n : nat) : 0 <= u -> 0 <= power_of u n.
Proof. intros. induction n; simpl; [lra|nra]. Qed.

Lemma form_nonneg (c : list Q) :
  0 <= u -> 0 <= w -> forallb (Qle_bool 0) c = true -> 0 <= form_at u w c.
Proof.
  intros Hu Hw. induction c as [|a c IH]; simpl; intros H; [apply Qle_refl|].
  apply andb_true_iff in H as [Ha H]. apply Qle_bool_iff in Ha. specialize (IH H).
  pose proof (power_nonneg (length c) Hu).
  assert (0 <= a * power_of u (length c)) by nra. nra.
Qed.

Lemma form_first (c : list Q) :
  0 < u -> 0 <= w -> forallb (Qle_bool 0) c = true -> 0 < hd 0 c -> 0 < form_at u w c.
Proof.
  intros Hu Hw H Hh. destruct c as [|a c]; simpl in *; [lra|].
  apply andb_true_iff in H as [_ H]. pose proof (form_nonneg c ltac:(lra) Hw H).
  pose proof (power_positive (length c) Hu).
  assert (0 < a * power_of u (length c)) by nra. nra.
Qed.

Lemma form_last (c : list Q) :
  0 <= u -> 0 < w -> forallb (Qle_bool 0) c = true -> 0 < last c 0 -> 0 < form_at u w c.
Proof.
  intros Hu Hw. induction c as [|a c IH]; intros H Hl; [simpl in Hl; lra|].
  cbn [forallb] in H. apply andb_true_iff in H as [Ha H]. apply Qle_bool_iff in Ha.
  cbn [form_at]. pose proof (power_nonneg (length c) Hu).
  assert (0 <= a * power_of u (length c)) by nra.
  destruct c as [|b c].
  - simpl in *. lra.
  - specialize (IH H Hl). nra.
Qed.

(** What the forms of a piece are worth at x = (a u + b w) / s, where s = u + w, or u = 1. *)
Lemma piece_value (a : Q) (b : option Q) (x s : Q) (p : list Q) :
  match b with
  | Some b' => s == u + w /\ s * x == a * u + b' * w
  | None => s == u /\ s * x == a * u + w
  end -> 0 < s ->
  let (total, power) := on_piece a b p in
  0 < form_at u w power /\ length power = S (length total) /\
  s * form_at u w total == form_at u w power * polynomial_at p x.
Proof.
  intros Hs Hpos. induction p as [|c p IH]; simpl; [split; [lra|split; [reflexivity|ring]]|].
  destruct (on_piece a b p) as [total power]. destruct IH as [IH1 [IHl IH2]].
  assert (S_ : forall b' s', a * u + b' * w == s * x -> 1 * u + s' * w == s ->
    0 < form_at u w (times_line 1 s' power) /\
    length (times_line 1 s' power) = S (length (plus_row (times_line a b' total) (times_row c power))) /\
    s * form_at u w (plus_row (times_line a b' total) (times_row c power))
    == form_at u w (times_line 1 s' power) * (c + x * polynomial_at p x)).
  { intros b' s' E1 E2.
    assert (L : length (times_line a b' total) = length (times_row c power))
      by (rewrite length_line, length_times; lia).
    rewrite form_plus by assumption. rewrite !form_line, form_times, E1, E2.
    rewrite length_plus by assumption. rewrite length_line, length_times.
    split; [nra|]. split; [reflexivity|].
    transitivity (s * x * (s * form_at u w total) + s * c * form_at u w power); [ring|].
    rewrite IH2. ring. }
  destruct b as [b'|]; destruct Hs as [E1 E2]; apply S_; lra.
Qed.

End Form.

Lemma positive_on_sound (a : Q) (b : option Q) (p : list Q) (x : Q) :
  positive_on a b p = true -> a <= x -> (forall b', b = Some b' -> x <= b') ->
  0 < polynomial_at p x.
Proof.
  unfold positive_on. intros C Ha Hb. apply andb_true_iff in C as [C Cl].
  apply andb_true_iff in C as [Cn Ch]. apply not_below in Ch.
  enough (G : exists u w s, 0 < s /\ 0 < form_at u w (fst (on_piece a b p)) /\
    match b with
    | Some b' => s == u + w /\ s * x == a * u + b' * w
    | None => s == u /\ s * x == a * u + w
    end).
  { destruct G as [u [w [s [Hs [Hf E]]]]]. pose proof (piece_value u w a b x s p E Hs) as G.
    destruct (on_piece a b p) as [total power]. simpl in Hf. destruct G as [Hp [_ G]].
    set (h := polynomial_at p x) in *. clearbody h.
    destruct (Qlt_le_dec 0 h) as [|L]; [assumption|]. exfalso. nra. }
  destruct b as [b'|].
  - apply andb_true_iff in Cl as [Cab Cl]. apply not_below in Cab, Cl. specialize (Hb b' eq_refl).
    exists (b' - x), (x - a), (b' - a). split; [lra|]. split; [|split; [ring|ring]].
    destruct (Qlt_le_dec x b').
    + apply form_first; auto; lra.
    + apply form_last; auto; lra.
  - exists 1, (x - a), 1. split; [lra|]. split; [|split; [reflexivity|ring]].
    apply form_first; auto; lra.
Qed.

(** What exported files apply: the sign on [a, b], or from a on. *)
Theorem positive (a : Q) (cuts : list Q) (b : Q) (p : list Q) :
  positive_between a cuts (Some b) p = true -> forall x, a <= x <= b -> 0 < polynomial_at p x.
Proof.
  revert a. induction cuts as [|c cuts IH]; intros a C x [Ha Hb]; simpl in C.
  - apply (positive_on_sound a (Some b) p x C Ha). now intros b' [= <-].
  - apply andb_true_iff in C as [C1 C2]. destruct (Qlt_le_dec c x).
    + apply (IH c C2). split; [lra|assumption].
    + apply (positive_on_sound a (Some c) p x C1 Ha). now intros b' [= <-].
Qed.

Theorem positive_from (a : Q) (cuts : list Q) (p : list Q) :
  positive_between a cuts None p = true -> forall x, a <= x -> 0 < polynomial_at p x.
Proof.
  revert a. induction cuts as [|c cuts IH]; intros a C x Ha; simpl in C.
  - now apply (positive_on_sound a None p x C Ha).
  - apply andb_true_iff in C as [C1 C2]. destruct (Qlt_le_dec c x).
    + apply (IH c C2). lra.
    + apply (positive_on_sound a (Some c) p x C1 Ha). now intros b' [= <-].
Qed.

Lemma polynomial_opposite (p : list Q) (x : Q) :
  polynomial_at (times_row (-(1)) p) x == - polynomial_at p x.
Proof. induction p as [|c p IH]; simpl; [ring|]. rewrite IH, Qred_correct. ring. Qed.

Theorem negative (a : Q) (cuts : list Q) (b : Q) (p : list Q) :
  positive_between a cuts (Some b) (times_row (-(1)) p) = true ->
  forall x, a <= x <= b -> polynomial_at p x < 0.
Proof. intros C x Hx. pose proof (positive _ _ _ _ C x Hx). rewrite polynomial_opposite in H. lra. Qed.

Theorem negative_from (a : Q) (cuts : list Q) (p : list Q) :
  positive_between a cuts None (times_row (-(1)) p) = true ->
  forall x, a <= x -> polynomial_at p x < 0.
Proof. intros C x Hx. pose proof (positive_from _ _ _ C x Hx). rewrite polynomial_opposite in H. lra. Qed.
