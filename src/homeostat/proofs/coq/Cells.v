(** Where comparisons of figures hold, as a union of convex cells of starts.

    A figure of the states S (Simulation) and T (Theory) that forms show is the largest or the
    smallest of some values, or any one of several by cases. *)

From Coq Require Import ZArith QArith List Bool Lqa Lia Setoid.
From Homeostat Require Import Model Forms Modes Tree Settles Figures.
Import ListNotations.
Open Scope Q_scope.

Inductive how := Largest | Smallest | Any.

(** Forms that are >= 0 where the value counts, and the value: a form over a number > 0. *)
Definition item := (list form * form * Z)%type.

Definition minus_form (f g : form) : form := plus f (times (-1) g).

Definition plain (f : form) : item := ([], f, 1%Z).

Definition differences (fs : list form) : list item :=
  let k := seq 0 (length fs) in
  flat_map (fun i => flat_map (fun j =>
    if (i =? j)%nat then [] else [plain (minus_form (nth i fs []) (nth j fs []))]) k) k.

(** By cases, which stage of fs is the extreme one (sign 1: the largest), ft - fs there. *)
Definition deltas (sign : Z) (fs ft : list form) : list item :=
  let k := seq 0 (length fs) in
  map (fun i =>
    (flat_map (fun j => if (i =? j)%nat then []
       else [times sign (minus_form (nth i fs []) (nth j fs []))]) k,
     minus_form (nth i ft []) (nth i fs []), 1%Z)) k.

(** A number, as a multiple of the tokens, which are the same at every step. *)
Definition number (W : list Z) (scale : Z) (p : parameters) (fs : list form) (x : Q) : item :=
  let r := Qred (x / (capacity p * inject_Z scale)) in
  ([], times (Qnum r) (combination W fs), Z.pos (Qden r)).

Definition observe (W : list Z) (scale : Z) (p : parameters) (fs ft : list form) (f : figure)
    : option (how * list item) :=
  match f with
  | Max_theory => Some (Largest, map plain ft)
  | Min_theory => Some (Smallest, map plain ft)
  | Max_simulation => Some (Largest, map plain fs)
  | Min_simulation => Some (Smallest, map plain fs)
  | Spread_theory => Some (Largest, differences ft)
  | Spread_simulation => Some (Largest, differences fs)
  | Delta_at_peak => Some (Any, deltas 1 fs ft)
  | Delta_at_trough => Some (Any, deltas (-1) fs ft)
  | Prompt => Some (Any, [number W scale p fs (l0 p)])
  | Number x => Some (Any, [number W scale p fs x])
  | _ => None
  end.

(** Forms > 0, and forms >= 0. *)
Definition cell := (list form * list form)%type.

Definition gap_form (low high : item) : form :=
  let '(_, q, b) := low in let '(_, r, a) := high in
  if (a =? b)%Z then minus_form r q else plus (times b r) (times (- a) q).

(** All values at once, or each alone. *)
Definition at_once (all : bool) (items : list item) : list (list item) :=
  if all then [items] else map (fun i => [i]) items.

Definition alternatives (strict : bool) (low high : how * list item) : list cell :=
  flat_map (fun ls => map (fun hs =>
      let weak := flat_map (fun i => fst (fst i)) (ls ++ hs) in
      let gaps := flat_map (fun l => map (gap_form l) hs) ls in
      if strict then (gaps, weak) else ([], gaps ++ weak))
    (at_once (match fst high with Smallest => true | _ => false end) (snd high)))
    (at_once (match fst low with Largest => true | _ => false end) (snd low)).

Definition cells_of (W : list Z) (scale : Z) (p : parameters) (fs ft : list form)
    (c : figure * comparison * figure) : option (list cell) :=
  let '(f, how, g) := c in
  match observe W scale p fs ft f, observe W scale p fs ft g with
  | Some x, Some y =>
      match how with
      | Below => Some (alternatives true x y)
      | At_most => Some (alternatives false x y)
      | Above => Some (alternatives true y x)
      | At_least => Some (alternatives false y x)
      | _ => None
      end
  | _, _ => None
  end.

Fixpoint cells (W : list Z) (scale : Z) (p : parameters) (fs ft : list form) (found : list cell)
    (cs : list (figure * comparison * figure)) : option (list cell) :=
  match cs with
  | [] => Some found
  | c :: cs' =>
      match cells_of W scale p fs ft c with
      | Some more =>
          cells W scale p fs ft
            (flat_map (fun a => map (fun b => (fst a ++ fst b, snd a ++ snd b)) more) found) cs'
      | None => None
      end
  end.

(** * Soundness *)

Lemma largest_spec (l : list Q) :
  l <> [] -> In (largest l) l /\ forall y, In y l -> y <= largest l.
Proof.
  destruct l as [|a l]; [congruence|]. intros _. simpl. revert a.
  induction l as [|b l IH]; intros a; simpl.
  - split; [auto|]. intros y [<-|[]]. apply Qle_refl.
  - destruct (IH (larger a b)) as [H1 H2].
    assert (L : a <= larger a b /\ b <= larger a b /\ (larger a b = a \/ larger a b = b)).
    { unfold larger. destruct (Qle_bool a b) eqn:E.
      - apply Qle_bool_iff in E. repeat split; auto. apply Qle_refl.
      - assert (b <= a).
        { destruct (Qlt_le_dec b a) as [L|L]; [now apply Qlt_le_weak|].
          apply Qle_bool_iff in L. rewrite L in E. discriminate. }
        repeat split; auto. apply Qle_refl. }
    destruct L as [La [Lb Le]]. pose proof (H2 _ (or_introl eq_refl)) as H0. split.
    + destruct H1 as [H1|H1]; [rewrite <- H1; destruct Le as [-> | ->]; auto|auto].
    + intros y [<-|[<-|Hy]]; [lra|lra|apply H2; auto].
Qed.

Lemma smallest_spec (l : list Q) :
  l <> [] -> In (smallest l) l /\ forall y, In y l -> smallest l <= y.
Proof.
  destruct l as [|a l]; [congruence|]. intros _. simpl. revert a.
  induction l as [|b l IH]; intros a; simpl.
  - split; [auto|]. intros y [<-|[]]. apply Qle_refl.
  - destruct (IH (smaller a b)) as [H1 H2].
    assert (L : smaller a b <= a /\ smaller a b <= b /\ (smaller a b = a \/ smaller a b = b)).
    { unfold smaller. destruct (Qle_bool a b) eqn:E.
      - apply Qle_bool_iff in E. repeat split; auto. apply Qle_refl.
      - assert (b <= a).
        { destruct (Qlt_le_dec b a) as [L|L]; [now apply Qlt_le_weak|].
          apply Qle_bool_iff in L. rewrite L in E. discriminate. }
        repeat split; auto. apply Qle_refl. }
    destruct L as [La [Lb Le]]. pose proof (H2 _ (or_introl eq_refl)) as H0. split.
    + destruct H1 as [H1|H1]; [rewrite <- H1; destruct Le as [-> | ->]; auto|auto].
    + intros y [<-|[<-|Hy]]; [lra|lra|apply H2; auto].
Qed.

Section Values.

Variables (x : list Q) (c : Q).
Hypothesis Hc : 0 < c.

Definition counts (i : item) : Prop := hold (fst (fst i)) x.
Definition weight_of (i : item) : Q := c * inject_Z (snd i).

(** What items say of a figure m. *)
Definition says (h : how) (items : list item) (m : Q) : Prop :=
  (forall i, In i items -> (0 < snd i)%Z) /\
  (h = Largest -> forall i, In i items ->
     fst (fst i) = [] /\ value (snd (fst i)) x <= weight_of i * m) /\
  (h = Smallest -> forall i, In i items ->
     fst (fst i) = [] /\ weight_of i * m <= value (snd (fst i)) x) /\
  (exists i, In i items /\ counts i /\ value (snd (fst i)) x == weight_of i * m).

Definition in_cell (d : cell) : Prop :=
  Forall (fun f => 0 < value f x) (fst d) /\ hold (snd d) x.

Lemma gap_value (l h : item) (ml mh : Q) :
  (0 < snd l)%Z -> (0 < snd h)%Z ->
  value (snd (fst l)) x <= weight_of l * ml -> weight_of h * mh <= value (snd (fst h)) x ->
  (ml < mh -> 0 < value (gap_form l h) x) /\ (ml <= mh -> 0 <= value (gap_form l h) x).
Proof.
  destruct l as [[lc q] b], h as [[hc r] a]. unfold weight_of. simpl. intros Hb Ha Hl Hh.
  apply inject_Z_pos in Hb, Ha. unfold gap_form.
  destruct (Z.eqb_spec a b) as [->|].
  - unfold minus_form. rewrite value_plus, value_times. change (inject_Z (-1)) with (-(1)).
    set (k := inject_Z b) in *. clearbody k. assert (0 < c * k) by nra.
    split; intros; assert (c * k * (mh - ml) >= 0) by nra; [|lra].
    assert (0 < c * k * (mh - ml)) by nra. lra.
  - rewrite value_plus, !value_times, inject_Z_opp.
    set (k := inject_Z b) in *. set (j := inject_Z a) in *. clearbody k j.
    set (vr := value r x) in *. set (vq := value q x) in *. clearbody vr vq.
    assert (H1 : j * vq <= j * (c * k * ml)) by nra.
    assert (H2 : k * (c * j * mh) <= k * vr) by nra.
    assert (0 < c * k * j) by (assert (0 < c * k) by nra; nra).
    assert (E : k * vr + - j * vq >= c * k * j * (mh - ml)) by lra.
    split; intros; [assert (0 < c * k * j * (mh - ml)) by nra|assert (0 <= c * k * j * (mh - ml)) by nra]; lra.
Qed.

Lemma alternatives_sound (strict : bool) (low high : how * list item) (ml mh : Q) :
  says (fst low) (snd low) ml -> says (fst high) (snd high) mh ->
  (if strict then ml < mh else ml <= mh) ->
  exists d, In d (alternatives strict low high) /\ in_cell d.
Proof.
  intros Hl Hh Hm.
  (* A set of items on each side, which count, on the right side of the figure. *)
  assert (A : exists ls, In ls (at_once (match fst low with Largest => true | _ => false end) (snd low)) /\
    forall i, In i ls -> (0 < snd i)%Z /\ counts i /\ value (snd (fst i)) x <= weight_of i * ml).
  { destruct Hl as [Hp [Hmax [_ [i [Hi [Hci Ei]]]]]]. destruct (fst low).
    - exists (snd low). split; [simpl; auto|]. intros k Hk. destruct (Hmax eq_refl k Hk) as [E Hv].
      split; [auto|]. split; [unfold counts; rewrite E; constructor|assumption].
    - exists [i]. split; [apply in_map_iff; eauto|]. intros k [<-|[]]. repeat split; auto.
      rewrite Ei. apply Qle_refl.
    - exists [i]. split; [apply in_map_iff; eauto|]. intros k [<-|[]]. repeat split; auto.
      rewrite Ei. apply Qle_refl. }
  assert (D : exists hs, In hs (at_once (match fst high with Smallest => true | _ => false end) (snd high)) /\
    forall i, In i hs -> (0 < snd i)%Z /\ counts i /\ weight_of i * mh <= value (snd (fst i)) x).
  { destruct Hh as [Hp [_ [Hmin [i [Hi [Hci Ei]]]]]]. destruct (fst high).
    - exists [i]. split; [apply in_map_iff; eauto|]. intros k [<-|[]]. repeat split; auto.
      rewrite Ei. apply Qle_refl.
    - exists (snd high). split; [simpl; auto|]. intros k Hk. destruct (Hmin eq_refl k Hk) as [E Hv].
      split; [auto|]. split; [unfold counts; rewrite E; constructor|assumption].
    - exists [i]. split; [apply in_map_iff; eauto|]. intros k [<-|[]]. repeat split; auto.
      rewrite Ei. apply Qle_refl. }
  destruct A as [ls [Hls A]], D as [hs [Hhs D]].
  eexists. split.
  { unfold alternatives. apply in_flat_map. exists ls. split; [assumption|].
    apply in_map_iff. exists hs. split; [reflexivity|assumption]. }
  assert (Weak : hold (flat_map (fun i => fst (fst i)) (ls ++ hs)) x).
  { apply Forall_forall. intros f Hf. apply in_flat_map in Hf as [i [Hi Hf]].
    assert (Ci : counts i) by (apply in_app_or in Hi as [Hi|Hi]; [now apply A|now apply D]).
    unfold counts, hold in Ci. rewrite Forall_forall in Ci. auto. }
  assert (Gaps : forall f, In f (flat_map (fun l => map (gap_form l) hs) ls) ->
    (ml < mh -> 0 < value f x) /\ (ml <= mh -> 0 <= value f x)).
  { intros f Hf. apply in_flat_map in Hf as [l [Hl' Hf]]. apply in_map_iff in Hf as [h [<- Hh']].
    destruct (A l Hl') as [A1 [_ A2]]. destruct (D h Hh') as [D1 [_ D2]].
    now apply gap_value. }
  destruct strict; simpl; split; simpl.
  - apply Forall_forall. intros f Hf. now apply Gaps.
  - exact Weak.
  - constructor.
  - apply Forall_app. split; [|exact Weak]. apply Forall_forall. intros f Hf. now apply Gaps.
Qed.

End Values.
